"""Metrics against scikit-learn, and where they have no meaning."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics

from reviewflow.evaluation.metrics import METRICS, confusion_counts, split_metrics
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


def some_classes(rows: list[tuple[int, int]], classes: int) -> tuple[NDArray[np.float32], ...]:
    """Return labels, and probabilities drawn with the seed of each row."""
    labels = np.array([label for label, _ in rows], np.float32)
    draws = np.array([np.random.default_rng(seed).random(classes) for _, seed in rows])
    return labels, (draws / draws.sum(axis=1, keepdims=True)).astype(np.float32)


@given(
    st.integers(3, 5).flatmap(
        lambda classes: st.tuples(
            st.just(classes),
            st.lists(
                st.tuples(st.integers(0, classes - 1), st.integers(0, 50)), min_size=1, max_size=40
            ),
        )
    )
)
def test_several_classes_give_scikit_learns_macro_figures(
    case: tuple[int, list[tuple[int, int]]],
) -> None:
    classes, rows = case
    labels, scores = some_classes(rows, classes)
    truth, predicted, every = labels.astype(int), scores.argmax(axis=1), list(range(classes))
    present = np.unique(truth)
    figures = split_metrics(labels, scores)
    assert figures["accuracy"] == metrics.accuracy_score(truth, predicted)
    assert figures["log_loss"] == metrics.log_loss(truth, scores, labels=every)
    means = metrics.precision_recall_fscore_support(
        truth, predicted, labels=present, average="macro", zero_division=0
    )
    assert [figures[m] for m in ("precision", "recall", "f1")] == pytest.approx(list(means[:3]))
    if len(present) == classes:
        area = metrics.roc_auc_score(truth, scores, multi_class="ovr", average="macro")
        assert figures["roc_auc"] == pytest.approx(area)
    assert (figures["roc_auc"] is None) == (len(present) == 1)
    assert figures["confusion"] == metrics.confusion_matrix(truth, predicted, labels=every).tolist()
    of_classes = metrics.precision_recall_fscore_support(
        truth, predicted, labels=every, zero_division=0
    )
    assert [c["rows"] for c in figures["classes"]] == of_classes[3].tolist()
    assert [c["precision"] for c in figures["classes"]] == pytest.approx(of_classes[0])
    for label, one in enumerate(figures["classes"]):
        assert (one["recall"] is None) == (label not in present)
        if label in present:
            assert (one["recall"], one["f1"]) == pytest.approx(
                (of_classes[1][label], of_classes[2][label])
            )


def test_several_classes_without_numbers_still_have_their_rows() -> None:
    figures = split_metrics(np.array([0, 2, 2]), np.full((3, 3), np.nan, np.float32))
    assert (figures["accuracy"], figures["confusion"], figures["rows"]) == (None, None, 3)
    assert [one["rows"] for one in figures["classes"]] == [1, 0, 2]
    assert {one["roc_auc"] for one in figures["classes"]} == {None}
    assert list(figures)[-1] == "classes"


def test_titles_name_the_mean_over_several_classes() -> None:
    titles = {metric.name: metric.title_among(3) for metric in METRICS}
    assert titles["f1"] == "macro F1"
    assert titles["accuracy"] == "accuracy"
    assert [metric.title_among(2) for metric in METRICS] == [metric.title for metric in METRICS]


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1, width=32)), min_size=1, max_size=40),
    st.floats(0.001, 0.999),
)
def test_a_threshold_moves_the_classes_and_nothing_else(
    rows: list[tuple[int, float]], threshold: float
) -> None:
    labels = np.array([label for label, _ in rows], np.float32)
    scores = np.array([score for _, score in rows], np.float32)
    usual, moved = split_metrics(labels, scores), split_metrics(labels, scores, threshold)
    assert moved["accuracy"] == metrics.accuracy_score(labels, scores.astype(float) > threshold)
    assert (moved["roc_auc"], moved["log_loss"]) == (usual["roc_auc"], usual["log_loss"])


def test_confusion_counts_are_the_same_shape_for_all() -> None:
    two = split_metrics(np.array([0, 1, 1]), np.array([0.4, 0.6, 0.3], np.float32))
    assert confusion_counts(two) == [[1, 0], [1, 1]]
    three = split_metrics(np.array([0, 2]), np.eye(3, dtype=np.float32)[[0, 1]])
    assert confusion_counts(three) == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert confusion_counts({}) is None
    assert confusion_counts({"confusion": EMPTY}) is None
