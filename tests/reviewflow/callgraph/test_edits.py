"""Edits change the reach of an entry exactly if they may matter to it."""

from pathlib import Path

import pytest

from reviewflow.callgraph.reach import reach
from reviewflow.callgraph.reached import Reach
from tests.reviewflow.callgraph.projects import Edit, edits, write

RESOLVED = edits("resolved_edits.txt")
UNRESOLVED = edits("unresolved_edits.txt")


def reach_of(root: Path) -> Reach:
    return reach("shop.a.entry", root=root, packages=("shop",))


def edit_name(edit: Edit) -> str:
    return edit.name


@pytest.mark.parametrize("edit", RESOLVED, ids=edit_name)
def test_resolved_code(edit: Edit, tmp_path: Path) -> None:
    before = reach_of(write(tmp_path, edit.before))
    after = reach_of(write(tmp_path, edit.after))
    assert before.unresolved == after.unresolved == ()
    assert (before != after) == edit.changes


@pytest.mark.parametrize("edit", UNRESOLVED, ids=edit_name)
def test_unresolved_code_counts_more_and_says_why(edit: Edit, tmp_path: Path) -> None:
    before = reach_of(write(tmp_path, edit.before))
    after = reach_of(write(tmp_path, edit.after))
    assert before.unresolved
    assert all(sentence.startswith("shop.") for sentence in before.unresolved)
    assert (before.definitions != after.definitions) == edit.changes


def test_the_tables_are_long_enough() -> None:
    both = [*RESOLVED, *UNRESOLVED]
    assert len({edit.name for edit in both}) == len(both) >= 120
    assert sum(not edit.changes for edit in both) >= 25
