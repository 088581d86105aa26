"""Compare the bootstrap with counting, DeLong's formula and SciPy."""

import math
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest, ttest_ind
from sklearn.metrics import roc_auc_score

from reviewflow.evaluation.bootstrap import (
    Interval,
    interval_over_rows_and_seeds,
    mcnemar,
    percentile_interval,
    rank_scores,
    resampled_weights,
    weighted_roc_auc,
)


def rows(number: int, apart: float, seed: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return labels, and scores that differ by ``apart`` deviations.

    Every third score is rounded, which gives ties.
    """
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, number).astype(np.int8)
    scores = apart * labels + generator.normal(size=number)
    return labels, np.where(np.arange(number) % 3, scores, np.round(scores)).astype(np.float32)


def share_of_pairs(labels: NDArray[np.int8], scores: NDArray[np.float32]) -> float:
    """Return ROC AUC by counting pairs of rows, ties half."""
    pairs = list(product(scores[labels == 1], scores[labels == 0]))
    return sum((p > n) + (p == n) / 2 for p, n in pairs) / len(pairs)


def test_area_is_the_share_of_pairs_and_scikit_learns_of_every_resample() -> None:
    labels, scores = rows(60, 1.0, 1)
    ranked = rank_scores(labels, scores)
    once = weighted_roc_auc(ranked, np.ones((1, 60)))[0]
    assert once == pytest.approx(share_of_pairs(labels, scores), abs=1e-12)
    weights = np.concatenate(list(resampled_weights(60, 120)))
    assert weights.shape == (120, 60)
    assert (weights.sum(axis=1) == 60).all()
    for area, counts in zip(weighted_roc_auc(ranked, weights), weights, strict=True):
        draw = np.repeat(np.arange(60), counts.astype(int))
        assert area == pytest.approx(roc_auc_score(labels[draw], scores[draw]), abs=1e-12)


def test_a_resample_of_one_class_has_no_area_and_plays_no_part() -> None:
    ranked = rank_scores(np.array([1, 0], np.int8), np.array([0.9, 0.1], np.float32))
    areas = weighted_roc_auc(ranked, np.array([[2.0, 0], [1, 1]]))
    assert math.isnan(areas[0])
    assert areas[1] == 1
    assert percentile_interval(areas) == Interval(1, 1)
    assert math.isnan(percentile_interval(areas[:1]).low)


def delong_deviation(
    labels: NDArray[np.int8], one: NDArray[np.float32], other: NDArray[np.float32]
) -> float:
    """Return the deviation of a difference of areas (DeLong et al. 1988)."""

    def placements(scores: NDArray[np.float32]) -> list[NDArray[np.float64]]:
        positive, negative = scores[labels == 1][:, None], scores[labels == 0][None]
        right = (positive > negative) + (positive == negative) / 2
        return [right.mean(axis=1), right.mean(axis=0)]

    both = zip(placements(one), placements(other), strict=True)
    return math.sqrt(sum(float((a - b).var(ddof=1)) / len(a) for a, b in both))


def test_the_paired_bootstrap_has_delongs_deviation() -> None:
    labels, one = rows(900, 1.2, 2)
    other = (one + np.random.default_rng(3).normal(0, 0.7, 900)).astype(np.float32)
    weights = np.concatenate(list(resampled_weights(900, 1500)))
    paired = weighted_roc_auc(rank_scores(labels, one), weights) - weighted_roc_auc(
        rank_scores(labels, other), weights
    )
    deviation = delong_deviation(labels, one, other)
    assert paired.std() == pytest.approx(deviation, rel=0.06)
    low, high = percentile_interval(paired)
    assert high - low == pytest.approx(2 * 1.96 * deviation, rel=0.08)


def test_seeds_alone_make_welchs_interval() -> None:
    one, other = [0.90, 0.92, 0.91, 0.93], [0.89, 0.90, 0.885]
    value = float(np.mean(one) - np.mean(other))
    interval = interval_over_rows_and_seeds(value, np.full(100, value), one, other)
    welch = ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert tuple(interval) == pytest.approx((welch.low, welch.high), abs=1e-9)


def test_one_seed_leaves_the_rows_interval_and_equal_seeds_the_normal_one() -> None:
    resampled = np.random.default_rng(5).normal(0.1, 0.02, 20_000)
    assert interval_over_rows_and_seeds(0.1, resampled, [0.9], [0.8]) == percentile_interval(
        resampled
    )
    low, high = interval_over_rows_and_seeds(0.1, resampled, [0.9, 0.9], [0.8, 0.8])
    assert (low, high) == pytest.approx((0.1 - 1.96 * 0.02, 0.1 + 1.96 * 0.02), abs=1e-3)


def test_the_interval_over_rows_and_seeds_holds_what_it_should() -> None:
    generator = np.random.default_rng(6)
    hits, worlds, rows_sd, seeds_sd = 0, 600, 0.01, 0.02
    for _ in range(worlds):
        shift = generator.normal(0, rows_sd)  # what these test rows do to the difference
        one, other = (generator.normal(0.5, seeds_sd, 3) for _ in range(2))
        value = float(one.mean() - other.mean() + shift)
        resampled = generator.normal(value, rows_sd, 400)
        low, high = interval_over_rows_and_seeds(value, resampled, one.tolist(), other.tolist())
        hits += low <= 0 <= high
    assert 0.93 < hits / worlds < 0.99


@pytest.mark.parametrize(
    ("one", "other"), [(0, 0), (5, 0), (60, 67), (293, 149), (12, 12), (2265, 253)]
)
def test_mcnemar_is_the_binomial_test(one: int, other: int) -> None:
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert mcnemar(one, other) == pytest.approx(expected, rel=1e-6, abs=1e-200)
    assert mcnemar(other, one) == mcnemar(one, other)


def test_mcnemar_by_hand() -> None:
    # of five rows that one alone has right, one model has 5: 2 · (1/2)⁵
    assert mcnemar(5, 0) == pytest.approx(1 / 16)
    # 6 to 2: 2 · (1 + 8 + 28) / 2⁸
    assert mcnemar(6, 2) == pytest.approx(74 / 256)
