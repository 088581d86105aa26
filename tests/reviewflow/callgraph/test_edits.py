"""Every rule in both directions: edits that must change what an entry reaches, and the others."""

from pathlib import Path

import pytest

from reviewflow.callgraph.reach import Reach, reach
from tests.reviewflow.callgraph.projects import Edit, edits, write

CLEAR = edits("clear_edits.txt")
DOUBTFUL = edits("doubtful_edits.txt")


def reach_of(root: Path) -> Reach:
    return reach("shop.a.entry", root=root, packages=("shop",))


def named(edit: Edit) -> str:
    return edit.name


@pytest.mark.parametrize("edit", CLEAR, ids=named)
def test_code_that_can_be_told(edit: Edit, tmp_path: Path) -> None:
    before = reach_of(write(tmp_path, edit.before))
    after = reach_of(write(tmp_path, edit.after))
    assert before.unclear == after.unclear == ()
    assert (before != after) == edit.changes


@pytest.mark.parametrize("edit", DOUBTFUL, ids=named)
def test_code_that_cannot_be_told_counts_more_and_says_why(edit: Edit, tmp_path: Path) -> None:
    before = reach_of(write(tmp_path, edit.before))
    after = reach_of(write(tmp_path, edit.after))
    assert before.unclear
    assert all(sentence.startswith("shop.") for sentence in before.unclear)
    assert (before.definitions != after.definitions) == edit.changes


def test_the_tables_are_long_enough() -> None:
    both = [*CLEAR, *DOUBTFUL]
    assert len({edit.name for edit in both}) == len(both) >= 120
    assert sum(not edit.changes for edit in both) >= 25
