"""Numba's machine code runs only if its source has the same text."""

from pathlib import Path

from tests.reviewflow.callgraph.projects import write
from tests.reviewflow.callgraph.test_import_hook import edit, python

FUNCTION = (
    "import math\n"
    "from numba import njit\n"
    "@njit(cache=True)\n"
    "def logarithm(x):\n"
    "    return {} + math.log(x)\n"
)
CALLED = (
    "from reviewflow.callgraph.import_hook import install\n"
    "install('shop')\n"
    "from shop.a import logarithm\n"
    "print(round(logarithm(1.0), 3), sum(logarithm.stats.cache_hits.values()))\n"
)


def call_in_process(root: Path) -> list[str]:
    """Return a function's result, and how often Numba's cache was used."""
    return python(CALLED, root, NUMBA_CACHE_DIR=str(root / "numba")).split()


def test_the_text_decides_whether_compiled_code_runs(tmp_path: Path) -> None:
    """Size and times of the file are not considered."""
    write(tmp_path, {"a": FUNCTION.format("1.0")})
    assert call_in_process(tmp_path) == ["1.0", "0"]
    path = tmp_path / "shop" / "a.py"
    path.touch()
    assert call_in_process(tmp_path) == ["1.0", "1"]
    edit(path, FUNCTION.format("7.0"))
    assert call_in_process(tmp_path) == ["7.0", "0"]
