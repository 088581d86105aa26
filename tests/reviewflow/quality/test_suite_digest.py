"""The digest of a suite: what a suite says counts, how it is written does not."""

import time
from pathlib import Path

import pytest
import yaml

from reviewflow.quality.suite_digest import suite_digest
from tests.reviewflow.quality.conftest import SUITES

SUITE = """\
# A suite.
name: mine
expectations:
  - type: expect_column_values_to_be_between   # of the gallery
    kwargs: {column: characters, min_value: 1, max_value: 20}
    severity: warning
    meta: {frame: rows}
    notes: Some
      words.
"""


@pytest.fixture
def digest(tmp_path: Path):
    def of(text: str) -> str:
        path = tmp_path / "suite.yaml"
        path.write_bytes(text.encode())
        return suite_digest(path)

    return of


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# A suite.\n", ""),
        ("   # of the gallery", ""),
        ("name: mine\n", "\n\nname:   mine   # his\n"),
        ("min_value: 1, max_value: 20", "max_value: 20, min_value: 1"),
        ("{frame: rows}", "\n      frame: rows"),
        ("Some\n      words.", "Some words."),
        ("\n", "\r\n"),
    ],
)
def test_a_suite_that_says_the_same_has_the_same_digest(digest, old: str, new: str) -> None:
    edited = SUITE.replace(old, new)
    assert yaml.safe_load(edited) == yaml.safe_load(SUITE)
    assert digest(edited) == digest(SUITE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("min_value: 1", "min_value: 2"),
        ("min_value: 1", "min_value: '1'"),
        ("min_value: 1", "min_value: 1.0"),
        ("min_value: 1", "min_value: true"),
        ("warning", "error"),
        ("words.", "more words."),
        ("column: characters", "column: null"),
        ("name: mine", "name: mine\nname: mine"),
        ("    severity: warning\n", ""),
        ("frame: rows", "frame: [rows]"),
        ("{frame: rows}", "[frame, rows]"),
        ("{frame: rows}", "&a {frame: rows}"),
        ("name: mine", "name: mine\n---\nname: mine"),
    ],
)
def test_a_suite_that_says_something_else_has_another_digest(digest, old: str, new: str) -> None:
    assert digest(SUITE.replace(old, new)) != digest(SUITE)


def test_the_name_of_the_file_counts(digest, tmp_path: Path) -> None:
    first = digest(SUITE)
    (tmp_path / "suite.yaml").rename(tmp_path / "other.yaml")
    assert suite_digest(tmp_path / "other.yaml") != first


def test_the_order_of_expectations_counts(digest) -> None:
    entries = ["  - type: first\n", "  - type: second\n"]
    head = "expectations:\n"
    assert digest(head + "".join(entries)) != digest(head + "".join(reversed(entries)))


def test_pairs_stay_together(digest) -> None:
    assert digest("{a: 1, b: 2}") != digest("{a: 2, b: 1}")
    assert digest("{a: 1, b: 2}") == digest("{b: 2, a: 1}")


@pytest.mark.parametrize("text", ["", "name: [", "a: *b", "[" * 5_000, "\x00", "a: \tb: c: d"])
def test_what_is_not_a_suite_has_a_digest_too(digest, text: str) -> None:
    assert len(digest(text)) == 32
    assert digest(f"x{text}") != digest(f"y{text}")


def test_anchors_that_multiply_take_no_time(digest) -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    started = time.perf_counter()
    digest("\n".join(lines))
    assert time.perf_counter() - started < 2


def test_the_loader_without_compiled_code_gives_the_same(monkeypatch) -> None:
    paths = sorted(SUITES.glob("*.yaml"))
    first = [suite_digest(path) for path in paths]
    assert len(set(first)) == len(paths) == 4
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert [suite_digest(path) for path in paths] == first


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        suite_digest(tmp_path / "nowhere.yaml")
