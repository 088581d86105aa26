"""ROC AUC against scikit-learn's, its variance against DeLong's formula and a bootstrap."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from reviewflow.evaluation.roc_auc import macro_area


def some_rows(number: int, apart: float, seed: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return labels, and scores that differ by ``apart`` deviations.

    Every third score is rounded, which gives ties.
    """
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, number).astype(np.int8)
    scores = apart * labels + generator.normal(size=number)
    return labels, np.where(np.arange(number) % 3, scores, np.round(scores)).astype(np.float32)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.floats(0, 1, width=16)), min_size=2, max_size=30
    ).filter(lambda rows: len({label for label, _ in rows}) == 2)
)
def test_area_is_scikit_learns_and_the_share_of_pairs(rows: list[tuple[int, float]]) -> None:
    labels = np.array([label for label, _ in rows], np.int8)
    scores = np.array([score for _, score in rows], np.float32)
    found = macro_area(labels, scores).value
    pairs = list(product(scores[labels == 1], scores[labels == 0]))
    share = sum((p > n) + (p == n) / 2 for p, n in pairs) / len(pairs)
    assert found == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert found == pytest.approx(share, abs=1e-12)


def test_macro_area_is_scikit_learns() -> None:
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 4, 300).astype(np.int8)
    odds = generator.random((300, 4)) + np.eye(4)[labels] * 0.4
    scores = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    expected = roc_auc_score(labels, scores, multi_class="ovr", average="macro")
    assert macro_area(labels, scores).value == pytest.approx(expected, abs=1e-12)


def delong_deviation(
    labels: NDArray[np.int8], one: NDArray[np.float32], other: NDArray[np.float32]
) -> float:
    """Return the deviation of a difference of areas, by comparing every pair of rows."""

    def placements(scores: NDArray[np.float32]) -> list[NDArray[np.float64]]:
        positive, negative = scores[labels == 1][:, None], scores[labels == 0][None]
        right = (positive > negative) + (positive == negative) / 2
        return [right.mean(axis=1), right.mean(axis=0)]

    both = zip(placements(one), placements(other), strict=True)
    return math.sqrt(sum(float((a - b).var(ddof=1)) / len(a) for a, b in both))


def test_contributions_give_delongs_variance_of_a_difference() -> None:
    labels, one = some_rows(900, 1.2, 2)
    other = (one + np.random.default_rng(3).normal(0, 0.7, 900)).astype(np.float32)
    difference = macro_area(labels, one).contributions - macro_area(labels, other).contributions
    found = math.sqrt(float(difference @ difference))
    assert found == pytest.approx(delong_deviation(labels, one, other), rel=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
def test_contributions_have_the_bootstraps_deviation(classes: int) -> None:
    generator = np.random.default_rng(4)
    labels = generator.integers(0, classes, 500).astype(np.int8)
    scores = (generator.random((500, classes)) + 0.5 * np.eye(classes)[labels]).astype(np.float32)
    scores = scores[:, 1] if classes == 2 else scores
    draws = [generator.integers(0, 500, 500) for _ in range(600)]
    resampled = [macro_area(labels[draw], scores[draw]).value for draw in draws]
    own = macro_area(labels, scores).contributions
    assert math.sqrt(float(own @ own)) == pytest.approx(np.std(resampled), rel=0.1)


def test_one_class_has_no_area_and_one_row_no_variance() -> None:
    alone = macro_area(np.ones(3, np.int8), np.array([0.1, 0.2, 0.3], np.float32))
    assert math.isnan(alone.value)
    three = np.full((3, 3), 1 / 3, np.float32)
    assert math.isnan(macro_area(np.ones(3, np.int8), three).value)
    single = macro_area(np.array([1, 0, 0], np.int8), np.array([0.5, 0.2, 0.7], np.float32))
    assert single.value == 0.5
    assert np.isnan(single.contributions).all()
