"""The cache gives the same reaches, whatever happens to its files."""

import os
from pathlib import Path

import pytest

from reviewflow.callgraph import module_cache
from reviewflow.callgraph.cache import reaches
from reviewflow.callgraph.reach import reach
from tests.reviewflow.callgraph.projects import write

FILES = {
    "a": "from shop.b import f\ndef entry(x: int) -> int:\n    return f(x)\n",
    "b": "import math\nclass C:\n    '''A class.'''\n    K = 1\ndef f(x): return C, math.pi\n",
    "c": "def other(x: int) -> int:\n    return getattr(x, str(x))\n",
}
ENTRIES = ("shop.a.entry", "shop.c.other")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "root", FILES)


@pytest.fixture
def cache_path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "code.json"


def check(root: Path, cache_path: Path | None) -> None:
    """Compare with an analysis without a cache."""
    fresh = {entry: reach(entry, root=root, packages=("shop",)) for entry in ENTRIES}
    assert reaches(ENTRIES, cache_path, root=root, packages=("shop",)) == fresh


def refuse(*arguments: object) -> None:
    raise AssertionError("analysed again")


def test_without_a_cache(root: Path) -> None:
    check(root, None)


def test_unchanged_code_is_not_analysed_again(
    root: Path, cache_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(root, cache_path)
    monkeypatch.setattr(module_cache, "cached_modules", refuse)
    monkeypatch.setattr(module_cache, "parse_module", refuse)
    check(root, cache_path)


def test_an_edited_file_alone_is_parsed_again(
    root: Path, cache_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(root, cache_path)
    write(root, {"b": FILES["b"].replace("K = 1", "K = 2")})
    seen = []
    parse_module = module_cache.parse_module
    monkeypatch.setattr(
        module_cache, "parse_module", lambda file: seen.append(file.module) or parse_module(file)
    )
    check(root, cache_path)
    assert seen == ["shop.b"]


def test_an_edit_that_keeps_size_and_time_is_seen(root: Path, cache_path: Path) -> None:
    before = reaches(ENTRIES, cache_path, root=root, packages=("shop",))
    path = root / "shop" / "b.py"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_text(FILES["b"].replace("K = 1", "K = 2"))
    os.utime(path, ns=times)
    after = reaches(ENTRIES, cache_path, root=root, packages=("shop",))
    assert before["shop.a.entry"].definitions != after["shop.a.entry"].definitions
    check(root, cache_path)


def test_a_moved_checkout_keeps_its_cache(
    root: Path, cache_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(root, cache_path)
    moved = root.rename(root.parent / "moved")
    monkeypatch.setattr(module_cache, "cached_modules", refuse)
    check(moved, cache_path)


def test_renamed_and_removed_modules_are_seen(root: Path, cache_path: Path) -> None:
    check(root, cache_path)
    (root / "shop" / "b.py").rename(root / "shop" / "d.py")
    check(root, cache_path)
    assert reaches(ENTRIES, cache_path, root=root, packages=("shop",))["shop.a.entry"].unresolved


@pytest.mark.parametrize("name", ["code.json", "code.modules.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"x y\n[1]", None])
def test_a_damaged_cache_is_replaced(
    name: str, content: bytes | None, root: Path, cache_path: Path
) -> None:
    check(root, cache_path)
    path = cache_path.parent / name
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"shop.b", b"shop.x") if content is None else content)
    if name == "code.modules.json":
        cache_path.unlink()
    check(root, cache_path)
    assert path.read_bytes() == whole


def test_another_package_choice_is_another_answer(root: Path, cache_path: Path) -> None:
    check(root, cache_path)
    write(root, {"b": "from shop.b import f\n"}, package="mart")
    both = reaches(ENTRIES[:1], cache_path, root=root, packages=("mart", "shop"))
    assert both["shop.a.entry"] == reach(ENTRIES[0], root=root, packages=("mart", "shop"))


def test_a_cache_that_cannot_be_written_costs_time_only(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check(root, tmp_path / "file" / "code.json")


def test_nothing_but_the_cache_is_left_behind(root: Path, cache_path: Path) -> None:
    check(root, cache_path)
    assert sorted(os.listdir(cache_path.parent)) == ["code.json", "code.modules.json"]
