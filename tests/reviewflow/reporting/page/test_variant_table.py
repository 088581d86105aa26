"""The table of variants: the rows of the choice first, and no best before all are trained."""

from typing import Any

import pytest

from reviewflow.reporting.page.variant_table import (
    baseline_rows,
    folded_splits,
    shown_metrics,
    shown_split,
    variant_rows,
)


def run(on: str, *names: str, **changes: Any) -> dict[str, Any]:
    """A completed run of some variants, the first of which is the best on these rows."""
    metrics = {"train": {"roc_auc": 0.99}, "test": {"roc_auc": 0.91, "rows": 40.0}}
    if on == "validation":
        metrics["validation"] = {"roc_auc": 0.92, "rows": 20}
    variants = [
        {"name": name, "key": name, "state": "ran", "kind": "learned", "metrics": metrics}
        for name in names
    ]
    variants[-1] |= changes
    best = {"variant": names[0], "chosen_on": on, "metric": "roc_auc"}
    return {"state": "completed", "variants": variants, "best": best}


@pytest.mark.parametrize(
    ("on", "names", "shown", "folded"),
    [
        ("test", ("a", "b"), "test", ("train",)),
        ("validation", ("a", "b"), "validation", ("test", "train")),
        ("validation", ("a",), "test", ("validation", "train")),
    ],
)
def test_the_rows_of_the_choice_are_shown_and_others_folded(
    on: str, names: tuple[str, ...], shown: str, folded: tuple[str, ...]
) -> None:
    content = run(on, *names)
    assert shown_split(content) == shown
    assert folded_splits(content) == folded


@pytest.mark.parametrize("state", ["failed", "skipped"])
def test_no_variant_is_best_before_all_are_trained(state: str) -> None:
    assert [row.best for row in variant_rows(run("test", "a", "b"))] == [True, False]
    rows = variant_rows(run("test", "a", "b", state=state, metrics=None))
    assert [row.best for row in rows] == [False, False]
    assert rows[1].state == state


def test_intervals_are_of_the_rows_that_were_compared() -> None:
    ends = {"mean": 0.9, "low": 0.89, "high": 0.93}
    compared = {"variants": [{"group": 0, "roc_auc": ends}]}
    (row,) = variant_rows(run("test", "a"), {"comparisons": compared})
    assert row.cells["test"]["roc_auc"].interval == "0.8900 to 0.9300"
    test = {"variants": [{"group": 0, "roc_auc": ends | {"low": 0.88}}]}
    both = {"comparisons": compared | {"on": "validation", "test": test}}
    (row,) = variant_rows(run("validation", "a"), both)
    assert row.cells["validation"]["roc_auc"].interval == "0.8900 to 0.9300"
    assert row.cells["test"]["roc_auc"].interval == "0.8800 to 0.9300"
    assert row.rows == {"validation": 20, "test": 40}
    all_of_them = {"comparisons": compared | {"on": "test", "test": {"variants": []}}}
    (row,) = variant_rows(run("test", "a"), all_of_them)
    assert row.cells["test"]["roc_auc"].interval == "0.8900 to 0.9300"


def test_a_baseline_has_the_same_cells() -> None:
    majority = {"name": "majority class", "metrics": {"test": {"accuracy": 0.54}}}
    (row,) = baseline_rows({"baselines": [majority]})
    assert row.cells["test"]["accuracy"].text == "0.5400"
    assert row.cells["train"]["accuracy"].text == "–"
    assert baseline_rows({}) == ()


def test_the_metric_of_the_choice_is_the_first_column() -> None:
    names = [metric.name for metric in shown_metrics(run("test", "a"))]
    assert names[:2] == ["roc_auc", "accuracy"]
    assert len(set(names)) == len(names) == 6


def test_precision_without_a_positive_answer_is_no_number() -> None:
    figures = {"precision": 0.0, "recall": 0.0, "confusion": {"tn": 6, "fp": 0, "fn": 4, "tp": 0}}
    (row,) = baseline_rows({"baselines": [{"name": "m", "metrics": {"test": figures}}]})
    assert (row.cells["test"]["precision"].text, row.cells["test"]["recall"].text) == (
        "–",
        "0.0000",
    )
