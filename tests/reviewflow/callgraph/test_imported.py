"""The code that was imported, held against the code that was analysed."""

from pathlib import Path

import pytest

from tests.reviewflow.callgraph.projects import write
from tests.reviewflow.callgraph.test_import_hook import python

SETTING = (
    "from pathlib import Path\n"
    "from reviewflow.callgraph.import_hook import install\n"
    "from reviewflow.callgraph.imported import changed_modules\n"
    "from reviewflow.callgraph.reach import reach\n"
    "install('shop')\n"
    "HERE, OURS = Path.cwd(), ('shop',)\n"
    "def write(text, name='b'):\n"
    "    Path(f'shop/{name}.py').write_text(text)\n"
    "def analyse():\n"
    "    return reach('shop.a.entry', root=HERE, packages=OURS)\n"
    "def changed(found):\n"
    "    return changed_modules(found, root=HERE, packages=OURS)\n"
)
FILES = {
    "a": "def entry(x: int) -> int:\n    from shop.b import f\n    return f(x)\n",
    "b": "def f(x): return x\ndef g(x): return 1\n",
}
OTHER_F = "def f(x): return -x\ndef g(x): return 1\n"
ORIGINAL = FILES["b"]


def changed_after(steps: str, root: Path) -> str:
    return python(SETTING + steps + "print(changed(found))\n", write(root, FILES))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("found = analyse()\nimport shop.a, shop.b\n", "[]"),
        ("import shop.a, shop.b\nfound = analyse()\n", "[]"),
        (f"found = analyse()\nwrite({OTHER_F!r})\n", "[]"),  # never imported
        (f"found = analyse()\nimport shop.b\nwrite({OTHER_F!r})\n", "[]"),
        (f"found = analyse()\nwrite({OTHER_F!r})\nimport shop.b\n", "['shop.b']"),
        (f"import shop.b\nwrite({OTHER_F!r})\nfound = analyse()\n", "['shop.b']"),
    ],
)
def test_what_counts_is_the_text_that_was_imported(
    steps: str, expected: str, tmp_path: Path
) -> None:
    assert changed_after(steps, tmp_path) == expected


def test_an_edit_that_was_imported_and_undone_is_seen(tmp_path: Path) -> None:
    steps = f"found = analyse()\nwrite({OTHER_F!r})\nimport shop.b\nwrite({ORIGINAL!r})\n"
    assert changed_after(steps, tmp_path) == "['shop.b']"


@pytest.mark.parametrize(
    "text",
    [
        "# why\n" + ORIGINAL,
        "'''A file.'''\n" + ORIGINAL,
        ORIGINAL.replace("return 1", "return 2"),
    ],
)
def test_what_the_function_does_not_reach_does_not_count(text: str, tmp_path: Path) -> None:
    assert changed_after(f"found = analyse()\nwrite({text!r})\nimport shop.b\n", tmp_path) == "[]"


def test_a_module_that_nobody_reached_may_change_one_that_is_reached(tmp_path: Path) -> None:
    steps = (
        "write('K = 1\\n', 'c')\n"
        "found = analyse()\n"
        "write('import shop.b\\nshop.b.f = abs\\n', 'c')\n"
        "import shop.b, shop.c\n"
    )
    assert changed_after(steps, tmp_path) == "['shop.c']"


def test_a_file_that_is_no_longer_python_counts(tmp_path: Path) -> None:
    steps = f"found = analyse()\nwrite({OTHER_F!r})\nimport shop.b\nwrite('def (', 'a')\n"
    assert changed_after(steps, tmp_path) == "['shop.b']"


def test_a_new_module_that_an_edit_imports_is_seen(tmp_path: Path) -> None:
    steps = (
        "found = analyse()\n"
        "write('def f(x): return 2\\n', 'd')\n"
        "write('from shop.d import f\\n')\n"
        "import shop.b\n"
        f"write({ORIGINAL!r})\n"
    )
    assert changed_after(steps, tmp_path) == "['shop.b']"
