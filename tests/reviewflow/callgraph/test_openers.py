"""A function that opens files is refused where it is used as a value."""

from pathlib import Path

import pytest

from tests.reviewflow.callgraph.projects import function, reads


@pytest.mark.parametrize(
    "lines",
    [
        ["o = open", "return o('extra.txt')"],
        ["return list(map(open, ['extra.txt']))"],
        ["return list(map(Path, ['extra.txt']))"],
        ["return list(map(Path.read_text, [1]))"],
        ["from functools import partial", "return partial(open, 'extra.txt')()"],
        ["import io", "return getattr(io, 'open')('extra.txt')"],
        ["return {'a': open}['a']('extra.txt')"],
        ["return [open][0]('extra.txt')"],
        ["return (open if folder else None)('extra.txt')"],
        ["return (lambda: np.load)()('extra.npy')"],
        ["def inner(read=open):", "    return read('extra.txt')", "return inner()"],
        ["class C:", "    read = open", "return C"],
        ["return [folder][list(map(open, ['extra.txt']))[0]]"],
        ["from zipfile import ZipFile", "class C(ZipFile): pass", "return C('extra.zip')"],
    ],
)
def test_an_opener_as_a_value_is_a_read(lines: list[str], tmp_path: Path) -> None:
    assert reads(function(*lines), tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        "READ = open\n" + function("return READ('extra.txt')"),
        "TABLE = {'np': np.load}\n" + function("return TABLE['np']('extra.npy')"),
        "def read(): return open\n" + function("return read()('extra.txt')"),
        "from numpy import load as l\n" + function("return list(map(l, ['extra.npy']))"),
    ],
)
def test_an_opener_as_a_value_is_seen_wherever_it_is_reached(source: str, tmp_path: Path) -> None:
    assert reads(source, tmp_path)


@pytest.mark.parametrize(
    "lines",
    [
        ["return list(map(open, folder.iterdir()))"],
        ["return sorted(map(Path.stat, folder.iterdir()))"],
        ["from functools import partial", "return partial(np.load, folder / 'a.npy')()"],
        ["return isinstance(1, Path)"],
        ["path: Path | None = None", "paths: list[Path] = []", "return path"],
        ["def inner(path: 'Path') -> Path:", "    return path", "return inner(folder)"],
        ["match folder:", "    case Path():", "        return 1"],
        ["return dict[str, Path]"],
        ["open = print", "return open"],
    ],
)
def test_a_type_or_a_given_file_is_no_read(lines: list[str], tmp_path: Path) -> None:
    assert reads(function(*lines), tmp_path) == []
