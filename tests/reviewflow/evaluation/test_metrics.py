"""Metrics against scikit-learn, and where they have no meaning."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from reviewflow.evaluation.metrics import METRICS, split_metrics
from tests.conftest import ROOT

EMPTY = {"tn": None, "fp": None, "fn": None, "tp": None}


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.floats(0, 1, width=32)), min_size=2, max_size=40
    ).filter(lambda rows: len({label for label, _ in rows}) == 2)
)
def test_both_classes_give_scikit_learns_figures(rows: list[tuple[int, float]]) -> None:
    labels = np.array([label for label, _ in rows], np.float32)
    scores = np.array([score for _, score in rows], np.float32)
    predicted = scores > 0.5
    figures = split_metrics(labels, scores)
    assert figures["accuracy"] == metrics.accuracy_score(labels, predicted)
    assert figures["roc_auc"] == metrics.roc_auc_score(labels, scores)
    assert figures["log_loss"] == pytest.approx(metrics.log_loss(labels, scores))
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, predicted, average="binary", zero_division=0
    )
    assert (figures["precision"], figures["recall"]) == (precision, recall)
    assert figures["f1"] == pytest.approx(f1)
    cells = figures["confusion"]
    expected = metrics.confusion_matrix(labels, predicted)
    assert [[cells["tn"], cells["fp"]], [cells["fn"], cells["tp"]]] == expected.tolist()
    assert figures["rows"] == len(rows)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_no_roc_auc_and_no_warning(label: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures = split_metrics(np.full(3, label), np.array([0.1, 0.6, 0.7], np.float32))
    assert figures["roc_auc"] is None
    assert figures["accuracy"] == pytest.approx(2 / 3 if label else 1 / 3)
    assert (figures["recall"] is None) == (label == 0)
    assert figures["log_loss"] > 0


def test_nothing_predicted_positive_has_precision_zero() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures = split_metrics(np.array([0, 1]), np.array([0.5, 0.2], np.float32))
    assert (figures["precision"], figures["recall"], figures["f1"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("labels", "scores", "rows"), [([], [], 0), ([np.nan], [0.3], 0), ([0, 1], [0.2, np.nan], 2)]
)
def test_no_rows_or_no_numbers_give_nulls(
    labels: list[float], scores: list[float], rows: int
) -> None:
    figures = split_metrics(np.array(labels, np.float32), np.array(scores, np.float32))
    assert figures["rows"] == rows
    assert figures["confusion"] == EMPTY
    assert {figures[name] for name in ("accuracy", "precision", "f1", "roc_auc")} == {None}


def test_rows_without_a_label_are_left_out() -> None:
    figures = split_metrics(np.array([0, np.nan, 1]), np.array([0.2, 0.1, 0.9], np.float32))
    assert (figures["rows"], figures["accuracy"]) == (2, 1.0)


def test_an_added_metric_is_in_every_place(tmp_path: Path) -> None:
    """One entry in front of the table; figures looked up by position would now be others."""
    script = [sys.executable, "-m", "tests.reviewflow.evaluation.added_metric", str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_each_entry_is_complete() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    figures = split_metrics(np.array([0, 1, 1]), np.array([0.4, 0.6, 0.3], np.float32))
    assert list(figures) == [*names, "confusion", "rows"]
    better = split_metrics(np.array([0, 1, 1]), np.array([0.1, 0.9, 0.8], np.float32))
    for metric in METRICS:
        assert (better[metric.name] >= figures[metric.name]) == metric.higher_is_better
        assert metric.heading[0].isupper()


def test_the_table_is_cheap_to_import() -> None:
    code = (
        "import sys, reviewflow.evaluation.metrics;"
        "print([m for m in ('numpy', 'sklearn', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
