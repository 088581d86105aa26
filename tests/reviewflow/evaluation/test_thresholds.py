"""Thresholds against every threshold tried one by one, and scikit-learn's F1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score

from reviewflow.evaluation.thresholds import cost_threshold, f1_threshold

ROWS = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1, width=32)), min_size=1, max_size=30)
COSTS = st.fixed_dictionaries(
    {name: st.floats(0.01, 100) for name in ("false_positive", "false_negative")}
)


def arrays(rows: list[tuple[int, float]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return (
        np.array([label for label, _ in rows], np.float32),
        np.array([score for _, score in rows], np.float32),
    )


def every_answer(scores: NDArray[np.float32]) -> list[NDArray[np.bool_]]:
    """Return what every possible threshold calls positive."""
    distinct = np.unique(scores.astype(float))
    return [scores.astype(float) > cut for cut in (distinct[0] / 2, *distinct)]


def cost(labels: NDArray[np.float32], answer: NDArray[np.bool_], costs: dict[str, float]) -> float:
    _, false_positive, false_negative, _ = confusion_matrix(labels, answer, labels=[0, 1]).ravel()
    return float(
        costs["false_positive"] * false_positive + costs["false_negative"] * false_negative
    )


@given(ROWS)
def test_no_threshold_has_a_higher_f1(rows: list[tuple[int, float]]) -> None:
    labels, scores = arrays(rows)
    threshold = f1_threshold(labels, scores)
    ours = f1_score(labels, scores.astype(float) > threshold, zero_division=0)
    best = max(f1_score(labels, answer, zero_division=0) for answer in every_answer(scores))
    assert ours == pytest.approx(best)
    assert 0 <= threshold <= 1


@given(ROWS, COSTS)
def test_no_threshold_costs_less(rows: list[tuple[int, float]], costs: dict[str, float]) -> None:
    labels, scores = arrays(rows)
    threshold = cost_threshold(labels, scores, costs)
    ours = cost(labels, scores.astype(float) > threshold, costs)
    assert ours == pytest.approx(min(cost(labels, a, costs) for a in every_answer(scores)))


def test_of_equal_thresholds_the_nearest_counts() -> None:
    labels, scores = arrays([(0, 0.1), (0, 0.2), (1, 0.8), (1, 0.9)])
    assert f1_threshold(labels, scores) == pytest.approx(0.5)
    even = {"false_positive": 1.0, "false_negative": 1.0}
    assert cost_threshold(labels, scores, even) == pytest.approx(0.5)
    labels, scores = arrays([(0, 0.3), (1, 0.3)])  # all positive or all negative cost the same
    assert cost_threshold(labels, scores, even) == pytest.approx(0.3, abs=1e-6)
    assert cost_threshold(labels, scores, even | {"false_negative": 3.0}) < 0.3


def test_rows_of_one_class_get_a_threshold_that_calls_them_right() -> None:
    costs = {"false_positive": 1.0, "false_negative": 5.0}
    labels, scores = arrays([(0, 0.4), (0, 0.9)])
    assert cost_threshold(labels, scores, costs) >= scores.max()
    labels, scores = arrays([(1, 0.4), (1, 0.9)])
    assert cost_threshold(labels, scores, costs) < 0.4
