"""Reaches kept on disk: the same answers, whatever happens to the memo."""

import os
from pathlib import Path

import pytest

from reviewflow.callgraph import cache
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
def kept(tmp_path: Path) -> Path:
    return tmp_path / "memos" / "code.json"


def check(root: Path, kept: Path | None) -> None:
    """Compare with an analysis that keeps nothing."""
    fresh = {entry: reach(entry, root=root, packages=("shop",)) for entry in ENTRIES}
    assert reaches(ENTRIES, kept, root=root, packages=("shop",)) == fresh


def refuse(*arguments: object) -> None:
    raise AssertionError("analysed again")


def test_without_a_memo(root: Path) -> None:
    check(root, None)


def test_unchanged_code_is_not_analysed_again(
    root: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(root, kept)
    monkeypatch.setattr(cache, "reach_in_project", refuse)
    monkeypatch.setattr(cache, "parse_module", refuse)
    check(root, kept)


def test_an_edited_file_alone_is_parsed_again(
    root: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(root, kept)
    write(root, {"b": FILES["b"].replace("K = 1", "K = 2")})
    seen = []
    parse_module = cache.parse_module
    monkeypatch.setattr(
        cache, "parse_module", lambda file: seen.append(file.module) or parse_module(file)
    )
    check(root, kept)
    assert seen == ["shop.b"]


def test_an_edit_that_keeps_size_and_time_is_seen(root: Path, kept: Path) -> None:
    before = reaches(ENTRIES, kept, root=root, packages=("shop",))
    path = root / "shop" / "b.py"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_text(FILES["b"].replace("K = 1", "K = 2"))
    os.utime(path, ns=times)
    after = reaches(ENTRIES, kept, root=root, packages=("shop",))
    assert before["shop.a.entry"].definitions != after["shop.a.entry"].definitions
    check(root, kept)


def test_a_moved_checkout_keeps_its_memo(
    root: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(root, kept)
    moved = root.rename(root.parent / "moved")
    monkeypatch.setattr(cache, "reach_in_project", refuse)
    check(moved, kept)


def test_renamed_and_removed_modules_are_seen(root: Path, kept: Path) -> None:
    check(root, kept)
    (root / "shop" / "b.py").rename(root / "shop" / "d.py")
    check(root, kept)
    assert reaches(ENTRIES, kept, root=root, packages=("shop",))["shop.a.entry"].unresolved


@pytest.mark.parametrize("name", ["code.json", "code.modules.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"x y\n[1]", None])
def test_a_garbled_memo_is_made_anew(
    name: str, content: bytes | None, root: Path, kept: Path
) -> None:
    check(root, kept)
    path = kept.parent / name
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"shop.b", b"shop.x") if content is None else content)
    if name == "code.modules.json":
        kept.unlink()
    check(root, kept)
    assert path.read_bytes() == whole


def test_another_package_choice_is_another_answer(root: Path, kept: Path) -> None:
    check(root, kept)
    write(root, {"b": "from shop.b import f\n"}, package="mart")
    both = reaches(ENTRIES[:1], kept, root=root, packages=("mart", "shop"))
    assert both["shop.a.entry"] == reach(ENTRIES[0], root=root, packages=("mart", "shop"))


def test_a_memo_that_cannot_be_written_costs_time_only(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check(root, tmp_path / "file" / "code.json")


def test_nothing_but_the_memo_is_left_behind(root: Path, kept: Path) -> None:
    check(root, kept)
    assert sorted(os.listdir(kept.parent)) == ["code.json", "code.modules.json"]
