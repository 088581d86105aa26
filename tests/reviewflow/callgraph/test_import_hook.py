"""The hook imports what the file holds, and remembers the text."""

import os
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.reviewflow.callgraph.projects import write

HOOKED = "from reviewflow.callgraph.import_hook import install, imported_digest, text_digest\n"
INSTALLED = HOOKED + "install('shop')\nimport shop.a\n"
PRINTED = INSTALLED + "print(shop.a.K)\n"


def python(code: str, root: Path, **environment: str) -> str:
    """Return what code prints in a process that writes byte code."""
    variables = {name: text for name, text in os.environ.items() if name[:6] != "PYTHON"}
    variables |= {"PYTHONPATH": f"{ROOT}{os.pathsep}{root}"} | environment
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def edit(path: Path, text: str) -> None:
    """Write a text of the same size, and put the times back."""
    status = path.stat()
    assert status.st_size == len(text)
    path.write_text(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def byte_code_path(path: Path) -> Path:
    return path.parent / "__pycache__" / Path(cache_from_source(str(path))).name


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, {"a": "K = 5\n"})


def test_an_edit_that_keeps_size_and_time_runs(root: Path) -> None:
    """Python itself would run the old byte code, as the first two lines show."""
    assert python("import shop.a; print(shop.a.K)", root) == "5"
    edit(root / "shop" / "a.py", "K = 6\n")
    assert python("import shop.a; print(shop.a.K)", root) == "5"
    assert python(PRINTED, root) == "6"
    edit(root / "shop" / "a.py", "K = 7\n")
    assert python(PRINTED, root) == "7"
    assert python("import shop.a; print(shop.a.K)", root) == "7"  # the byte code is by hash now


def test_byte_code_of_the_same_text_is_used(root: Path) -> None:
    assert python(PRINTED, root) == "5"
    pyc = byte_code_path(root / "shop" / "a.py")
    before = pyc.read_bytes()
    assert before[4:8] == b"\3\0\0\0"
    os.utime(root / "shop" / "a.py")
    assert python(PRINTED, root) == "5"
    assert pyc.read_bytes() == before
    other = (
        "import marshal, shop.a\n"
        "print(marshal.dumps(compile('K = 8', shop.a.__file__, 'exec')).hex())\n"
    )
    pyc.write_bytes(before[:16] + bytes.fromhex(python(other, root)))
    assert python(PRINTED, root) == "8"


@pytest.mark.parametrize("body", [b"", b"\0", b"\xe3garbled", b"N"])
def test_damaged_byte_code_is_replaced(body: bytes, root: Path) -> None:
    python(PRINTED, root)
    pyc = byte_code_path(root / "shop" / "a.py")
    whole = pyc.read_bytes()
    for damaged in (whole[:16] + body, whole[:10]):
        pyc.write_bytes(damaged)
        assert python(PRINTED, root) == "5"
        assert pyc.read_bytes() == whole


def test_a_moved_package_names_its_new_place(root: Path, tmp_path: Path) -> None:
    """Numba finds a function's file by the path in its byte code."""
    write(root, {"a": "def f(): pass\nK = f.__code__.co_filename\n"})
    python(PRINTED, root)
    (tmp_path / "new").mkdir()
    (root / "shop").rename(tmp_path / "new" / "shop")
    found = python(PRINTED, tmp_path / "new")
    assert found == str(tmp_path / "new" / "shop" / "a.py")


def test_nothing_is_written_where_python_is_asked_not_to(root: Path) -> None:
    python(PRINTED, root, PYTHONDONTWRITEBYTECODE="1")
    assert not list(root.rglob("*.pyc"))


def test_a_cache_that_cannot_be_written_costs_time_only(root: Path) -> None:
    (root / "file").write_text("")
    assert python(PRINTED, root, PYTHONPYCACHEPREFIX=str(root / "file")) == "5"


def test_the_text_that_was_imported_is_remembered_after_an_edit(root: Path) -> None:
    code = INSTALLED + (
        "from pathlib import Path\n"
        "before = Path('shop/a.py').read_bytes()\n"
        "Path('shop/a.py').write_text('K = 9\\n')\n"
        "print(imported_digest('shop.a') == text_digest(before) != text_digest(b'K = 9\\n'))\n"
        "print(imported_digest('shop.b'), imported_digest('json'))\n"
    )
    assert python(code, root) == "True\nNone None"


def test_installing_again_keeps_what_was_recorded(root: Path) -> None:
    code = (
        "import sys\n"
        + INSTALLED
        + (
            "count, digest = len(sys.meta_path), imported_digest('shop.a')\n"
            "install('shop')\n"
            "print(len(sys.meta_path) == count, imported_digest('shop.a') == digest)\n"
        )
    )
    assert python(code, root) == "True True"


def test_a_file_that_changes_while_it_is_imported_is_refused(root: Path) -> None:
    """Numba would name the old text's compiled code by the new text."""
    touched = "import os; os.utime(__file__); K = 1\n"
    write(root, {"a": touched})
    assert python(PRINTED, root) == "1"
    write(root, {"a": "from pathlib import Path; Path(__file__).write_text('K = 2'); K = 1\n"})
    code = HOOKED + (
        "from reviewflow.errors import ReviewflowError\n"
        "install('shop')\n"
        "try:\n    import shop.a\nexcept ReviewflowError as error:\n    print(error)\n"
    )
    assert python(code, root).endswith("a.py changed while it was imported; run again.")


def test_importing_reviewflow_records_every_module_of_it(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "import reviewflow.jobs.sentiment, reviewflow.evaluation.metrics, reviewflow.text.clean\n"
        "from reviewflow.callgraph.import_hook import imported_digest\n"
        "ours = [name for name in sys.modules if name.partition('.')[0] == 'reviewflow']\n"
        "print(len(ours) > 10, [name for name in ours if not imported_digest(name)])\n"
    )
    assert python(code, tmp_path) == "True []"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_child_processes_record_too(method: str, tmp_path: Path) -> None:
    code = (
        "from multiprocessing import get_context\n"
        "from reviewflow.callgraph.import_hook import imported_digest\n"
        "if __name__ == '__main__':\n"
        f"    with get_context('{method}').Pool(1) as pool:\n"
        "        print(pool.apply(imported_digest, ['reviewflow.callgraph']))\n"
    )
    path = tmp_path / "main.py"
    path.write_text(code)
    assert (
        len(python(f"import runpy; runpy.run_path({str(path)!r}, run_name='__main__')", tmp_path))
        == 16
    )
