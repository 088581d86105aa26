"""Errors are counted among short and long texts, and by file, as pandas and SciPy count them."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from reviewflow.evaluation.error_groups import GROUPS, errors_by_file, errors_by_length

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 60), st.integers(0, 2)), min_size=1)


@given(ROWS)
def test_every_row_is_in_one_group_of_neighbours(rows: list[tuple[bool, int, int]]) -> None:
    wrong, lengths = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    groups = errors_by_length(wrong, lengths)
    assert 1 <= len(groups) <= GROUPS
    assert sum(one["rows"] for one in groups) == len(rows)
    assert sum(one["errors"] for one in groups) == wrong.sum()
    ends = [end for one in groups for end in (one["shortest"], one["longest"])]
    assert ends == sorted(ends)
    assert all(a["longest"] < b["shortest"] for a, b in pairwise(groups))


def test_distinct_lengths_give_fifths() -> None:
    wrong = np.arange(100) % 7 == 0
    groups = errors_by_length(wrong, np.arange(100))
    frame = pd.DataFrame({"wrong": wrong, "fifth": pd.qcut(np.arange(100), 5, labels=False)})
    assert [one["errors"] for one in groups] == frame.groupby("fifth")["wrong"].sum().tolist()
    assert [one["rows"] for one in groups] == [20] * 5


@given(ROWS)
def test_files_have_the_shares_of_their_rows(rows: list[tuple[bool, int, int]]) -> None:
    wrong, files = np.array([row[0] for row in rows]), np.array([row[2] for row in rows])
    groups = errors_by_file(wrong, files, ("a", "b", "c"))
    expected = pd.Series(wrong).groupby(files)
    assert [one["file"] for one in groups] == ["abc"[number] for number in expected.groups]
    for one, (_, own) in zip(groups, expected, strict=True):
        assert (one["rows"], one["errors"]) == (len(own), own.sum())
        ends = binomtest(int(own.sum()), len(own)).proportion_ci(0.95, "wilson")
        assert (one["low"], one["high"]) == pytest.approx((ends.low, ends.high), abs=1e-6)


def test_no_rows_have_no_groups() -> None:
    assert errors_by_length(np.zeros(0, bool), np.zeros(0, np.int64)) == []
