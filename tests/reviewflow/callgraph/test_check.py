"""The check refuses code that hides what it depends on or reads."""

from pathlib import Path

import pytest

from reviewflow.callgraph.check import undeclared_reads, unresolved_places
from tests.reviewflow.callgraph.projects import ENTRY, function, reads, write


@pytest.mark.parametrize(
    "line",
    [
        "open('extra.txt')",
        "open(file='extra.txt')",
        "io_open = open('a' + 'b')",
        "Path('extra.txt').read_text()",
        "Path().joinpath('extra.txt').read_bytes()",
        "Path('/etc', 'hosts').open()",
        "np.load('extra.npy')",
        "os.open('extra.txt', os.O_RDONLY)",
        "os.environ.get('HOME')",
        "os.environ['HOME']",
        "os.getenv('HOME')",
        "Path.home()",
        "Path.cwd()",
        "os.getcwd()",
        "Path(__file__)",
        "Path(__file__ + '.txt')",
        "Path(os.path.dirname(__file__), 'extra.txt')",
        "np.__file__",
    ],
)
def test_what_no_argument_gives_is_a_read(line: str, tmp_path: Path) -> None:
    found = reads(function(line), tmp_path)
    assert {place for place, _ in found} == {"shop.a:5"}
    declared = {ENTRY: {"shop/extra.txt"}}
    assert undeclared_reads(declared, root=tmp_path, packages=("shop",))


@pytest.mark.parametrize(
    "lines",
    [
        ["from os import environ as e", "return e['HOME']"],
        ["import io as files", "return files.open('extra.txt')"],
        ["from numpy import load as l", "return l('extra.npy')"],
        ["path = 'extra.txt'", "return open(path)"],
        ["path = Path('extra.txt')", "return path.read_text()"],
        ["for name in ('a', 'b'):", "    open(name)"],
        ["return [open(name) for name in ('a', 'b')]"],
        ["def inner():", "    return open('extra.txt')", "return inner()"],
        ["return (lambda: open('extra.txt'))()"],
    ],
)
def test_a_read_is_seen_through_other_names(lines: list[str], tmp_path: Path) -> None:
    assert reads(function(*lines), tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        "NAME = 'extra.txt'\n" + function("return open(NAME)"),
        "HERE = Path('extra.txt')\n" + function("return HERE"),
        "def name(): return 'extra.txt'\n" + function("return open(name())"),
        "def read(name: str): return open(name)\n" + function("return read('extra.txt')"),
        "class C:\n    TEXT = open('extra.txt')\n" + function("return C()"),
        function("return x", takes="x: str = open('extra.txt').read()"),
    ],
)
def test_a_read_is_seen_wherever_it_is_reached(source: str, tmp_path: Path) -> None:
    assert reads(source, tmp_path)


@pytest.mark.parametrize(
    "lines",
    [
        ["return (folder / 'a.json').read_text()"],
        ["return open(folder / 'a.json')"],
        ["return np.load(Path(folder, 'a.npy'))"],
        ["path = folder / 'a.json'", "return open(path)"],
        ["for path in sorted(folder.glob('*.json')):", "    open(path)"],
        ["with open(folder) as file:", "    return np.load(file)"],
        ["return [open(path) for path in folder.iterdir()]"],
        ["def inner(name: str):", "    return open(folder / name)", "return inner('a')"],
        ["os.environ['QUIET'] = '1'"],
        ["return folder.open()"],
    ],
)
def test_what_an_argument_gives_is_no_read(lines: list[str], tmp_path: Path) -> None:
    assert reads(function(*lines), tmp_path) == []


@pytest.mark.parametrize(
    ("expression", "file"),
    [
        ("Path(__file__).with_name('a.css')", "shop/a.css"),
        ("Path(__file__).parent / 'templates' / 'a.html'", "shop/templates/a.html"),
        ("Path(__file__).parent / 'templates/a.html'", "shop/templates/a.html"),
        ("Path(__file__).resolve().parent.joinpath('b', 'a.css')", "shop/b/a.css"),
        ("Path(__file__).parents[1] / 'mart' / 'a.css'", "mart/a.css"),
        ("Path(__file__).with_name('a.css').read_text()", "shop/a.css"),
        ("open(str(Path(__file__).with_name('a.css')))", "shop/a.css"),
    ],
)
def test_a_file_beside_the_source_is_seen_by_its_name(
    expression: str, file: str, tmp_path: Path
) -> None:
    assert reads(function(f"return {expression}"), tmp_path) == [("shop.a:5", file)]
    for declared, missing in (({file}, 0), (set(), 1), ({"shop/b.css"}, 1)):
        found = undeclared_reads({ENTRY: declared}, root=tmp_path, packages=("shop",))
        assert len(found) == missing
        assert all(sentence == f"shop.a:5 opens {file}" for sentence in found)


def test_a_local_name_may_stand_for_a_folder_beside_the_source(tmp_path: Path) -> None:
    lines = ["here = Path(__file__).parent", "page = here / 'a.html'", "return [page, here / 'b']"]
    found = reads(function(*lines), tmp_path)
    assert {path for _, path in found} == {"shop/a.html", "shop/b"}


@pytest.mark.parametrize(
    "expression",
    [
        "Path(__file__).parent / '..' / 'a.css'",
        "Path(__file__).parent / str(folder)",
        "Path(__file__).parents[9] / 'a.css'",
        "Path(__file__).parents[-1]",
        "Path(__file__).with_suffix('.css')",
    ],
)
def test_a_file_beside_the_source_that_no_text_names_is_refused(
    expression: str, tmp_path: Path
) -> None:
    reads(function(f"return {expression}"), tmp_path)
    declared = {ENTRY: {"shop/a.css", "a.css"}}
    assert undeclared_reads(declared, root=tmp_path, packages=("shop",))


def test_a_file_that_is_not_reached_is_no_read(tmp_path: Path) -> None:
    source = function("return 1") + "def other(): return open('extra.txt'), os.getenv('HOME')\n"
    assert reads(source, tmp_path) == []


def test_what_a_digest_in_the_key_reads_is_declared(tmp_path: Path) -> None:
    source = (
        "def find(): return Path(os.environ['WORDS'])\n"
        "def digest() -> str:\n    return find().read_text()\n"
        + function("return find().read_text(), os.environ['OTHER']")
    )
    places = [place for place, _ in reads(source, tmp_path)]
    assert places == ["shop.a:4", "shop.a:4", "shop.a:8"]
    found = undeclared_reads({ENTRY: ()}, ["shop.a.digest"], tmp_path, packages=("shop",))
    assert found == ["shop.a:8 reads the environment"]


def test_unresolved_places_are_named_by_module_and_line(tmp_path: Path) -> None:
    files = {
        "a": "def entry() -> int:\n    return 1\n",
        "b": "def f(x, name):\n    return getattr(x, name)\n",
        "c": "import decimal\n\ndecimal.getcontext().prec = 3\n",
    }
    write(tmp_path, files)
    acting = "shop.c:3 does something at import that is neither definition, constant nor import"
    computed = "shop.b:2 takes an attribute that a value names (getattr)"
    assert unresolved_places(tmp_path, packages=("shop",)) == [computed, acting]
    entries = ["shop.a.entry"]
    assert unresolved_places(tmp_path, packages=("shop",), entries=entries) == [acting]


def test_a_compiled_function_of_two_files_is_refused_with_a_sentence(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a": "from shop.b import f\ndef entry(x: int) -> int:\n    return f(x)\n",
            "b": "from numba import njit\nfrom shop.c import K\n@njit(cache=True)\n"
            "def f(x): return x + K\n",
            "c": "K = 1\n",
        },
    )
    assert unresolved_places(tmp_path, packages=("shop",), entries=[ENTRY]) == [
        "shop.b:3 compiles shop.c.K of another file in; Numba would miss a change of it"
    ]
