"""Fail each expectation of the shipped suite of features, and read the table."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewflow.quality.feature_frames import feature_frames, part_figures
from reviewflow.quality.results import has_failed
from tests.reviewflow.quality.conftest import SUITES, TERMS, Checked, Features, all_warnings

Check = Callable[..., Checked]


def with_value(value: float) -> Features:
    data = Features()
    data.values[1][2][0] = value  # row 2 of a part: term 2 comes first
    return data


def term_without_finite_values() -> Features:
    data = Features()
    for indices, values in zip(data.indices, data.values, strict=True):
        for row, stored in enumerate(indices):
            if stored[0] == 3:
                values[row][0] = math.nan
    return data


def other_label() -> Features:
    data = Features()
    data.labels[1][17] = 2
    return data


def index_beyond() -> Features:
    data = Features()
    data.indices[0][9][2] = TERMS
    return data


def index_below() -> Features:
    data = Features()
    data.indices[0][9][0] = -1
    return data


def unpaired() -> Features:
    data = Features()
    data.values[1][4] = [0.5]
    return data


def imbalanced_train() -> Features:
    data = Features()
    for labels, splits in zip(data.labels, data.splits, strict=True):
        train = [row for row, side in enumerate(splits) if side == "train"]
        for rank, row in enumerate(train):
            labels[row] = int(rank % 10 < 7)
        test = [row for row, side in enumerate(splits) if side == "test"]
        for rank, row in enumerate(test):
            labels[row] = int(rank < 4)
    return data


def one_class_in_test() -> Features:
    data = Features()
    for labels, splits in zip(data.labels, data.splits, strict=True):
        labels[:] = [
            1 if side == "test" else label for label, side in zip(labels, splits, strict=True)
        ]
    return data


def empty_part() -> Features:
    data = Features()
    for column in (data.labels, data.splits, data.indices, data.values):
        column[1] = []
    return data


def mostly_empty_rows() -> Features:
    data = Features()
    for indices, values in zip(data.indices, data.values, strict=True):
        indices[:60] = [[] for _ in range(60)]
        values[:60] = [[] for _ in range(60)]
    return data


def nothing_stored() -> Features:
    data = Features()
    for indices, values in zip(data.indices, data.values, strict=True):
        indices[:] = [[] for _ in indices]
        values[:] = [[] for _ in values]
    return data


@pytest.mark.parametrize(
    ("tampered", "column", "frame", "words"),
    [
        (lambda: with_value(1.5), "maximum", "features", ["feature term2, index 2, maximum 1.5"]),
        (
            lambda: with_value(-0.1),
            "minimum",
            "features",
            ["feature term2, index 2, minimum -0.1 "],
        ),
        (lambda: with_value(math.nan), "not_finite", "features", ["feature term2, index 2"]),
        (lambda: with_value(math.inf), "not_finite", "features", ["feature term2, index 2"]),
        (lambda: with_value(-math.inf), "not_finite", "features", ["feature term2, index 2"]),
        (term_without_finite_values, "minimum", "features", ["term3, index 3, minimum missing"]),
        (term_without_finite_values, "maximum", "features", ["term3, index 3, maximum missing"]),
        (nothing_stored, None, "features", ["features: number of rows at least 1"]),
        (other_label, "outside_classes", "rows", ["part 1, row 17, outside_classes true"]),
        (index_beyond, "outside_vocabulary", "rows", ["part 0, row 9, outside_vocabulary 1"]),
        (index_below, "outside_vocabulary", "rows", ["part 0, row 9, outside_vocabulary 1"]),
        (unpaired, "unpaired", "rows", ["part 1, row 4, unpaired true"]),
        (
            one_class_in_test,
            "rows",
            "labels",
            ["label 0, class negative, split test, rows 0, share 0"],
        ),
        (empty_part, "rows", "parts", ["part 1, rows 0", "No part is empty."]),
        (mostly_empty_rows, "empty", "rows", ["part 0, row 0, empty true", "(60 %)"]),
    ],
)
def test_a_fault_fails_with_its_place_and_what_was_asked(
    check_features: Check,
    tampered: Callable[[], Features],
    column: str | None,
    frame: str,
    words: list[str],
) -> None:
    checked = check_features(tampered())
    assert has_failed(checked.results)
    assert (frame, column) in checked.failures()
    if tampered not in (term_without_finite_values, nothing_stored):
        assert len(checked.failures()) == 1
    for phrase in words:
        assert phrase in checked.table


def test_severity_warning_passes_and_is_reported(check_features: Check, tmp_path: Path) -> None:
    data = empty_part()
    data.values[0][0] = [1.5, -0.1, math.inf]
    data.labels[0][1] = 2
    data.indices[0][2][2] = TERMS
    checked = check_features(data, all_warnings(SUITES / "features.yaml", tmp_path))
    assert not has_failed(checked.results)
    assert {column for _, column in checked.failures("warning")} == {
        *("minimum", "maximum", "not_finite", "outside_classes", "outside_vocabulary", "rows")
    }


def test_no_parts_at_all_fail(check_features: Check) -> None:
    checked = check_features(Features([], [], [], []))
    assert ("parts", None) in checked.failures()
    assert ("rows", None) in checked.failures()


def test_good_features_pass_every_expectation(check_features: Check) -> None:
    checked = check_features(Features())
    assert checked.failures() == checked.failures("warning") == []
    assert checked.returned == {"rows": 200, "success": True, "failed": 0}


def test_a_rare_class_is_a_warning(check_features: Check) -> None:
    checked = check_features(imbalanced_train())
    assert not has_failed(checked.results)
    assert checked.failures("warning") == [("labels", "balance")]
    assert "label 0, class negative, split train, rows 48, share 0.3, balance 0.6" in checked.table


def test_a_limit_may_be_changed_but_not_that_of_the_range(check_features: Check) -> None:
    checked = check_features(mostly_empty_rows(), max_empty_share=0.6, warn_empty_share=0.7)
    assert checked.failures() == checked.failures("warning") == []
    limits = [one["limit"] for one in checked.results["results"] if one["frame"] == "features"]
    assert set(map(str, limits)) == {"None"}


def test_a_missing_label_is_a_warning_here(check_features: Check) -> None:
    data = Features()
    data.labels[0][3] = None
    checked = check_features(data)
    assert not has_failed(checked.results)
    assert checked.failures("warning") == [("rows", "label")]


values = st.floats(width=32, allow_nan=True, allow_infinity=True)
rows = st.lists(st.lists(st.tuples(st.integers(-1, 5), values), max_size=4), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, max_size=3))
def test_extremes_of_each_term_equal_those_of_a_plain_loop(
    parts: list[list[list[tuple[int, float]]]],
) -> None:
    terms = ("a", "b", "c", "d")
    figures = [part_figures(as_table(part), len(terms)) for part in parts]
    table = feature_frames(figures, terms, ("c", "d"))["features"].table
    stored: dict[int, list[float]] = {}
    for index, value in (pair for part in parts for row in part for pair in row):
        if 0 <= index < len(terms):
            stored.setdefault(index, []).append(value)
    assert table["index"].tolist() == sorted(stored)
    for row in table.rename(columns={"index": "index_"}).itertuples():
        finite = [value for value in stored[row.index_] if math.isfinite(value)]
        assert row.not_finite == len(stored[row.index_]) - len(finite)
        assert np.array_equal(
            [row.minimum, row.maximum],
            [min(finite), max(finite)] if finite else [math.nan, math.nan],
            equal_nan=True,
        )


def as_table(part: list[list[tuple[int, float]]]) -> pa.Table:
    return pa.table(
        {
            "label": pa.array([0] * len(part), pa.int8()),
            "split": pa.array(["train"] * len(part), pa.string()),
            "indices": pa.array([[i for i, _ in row] for row in part], pa.list_(pa.int32())),
            "values": pa.array([[v for _, v in row] for row in part], pa.list_(pa.float32())),
        }
    )
