"""Intervals against SciPy's, and that each holds its figure within [0, 1]."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm, ttest_1samp, ttest_ind

from reviewflow.evaluation.intervals import (
    Spread,
    area_interval,
    difference_interval,
    difference_p,
    paired_share_variance,
    rows_and_seeds,
    score_interval,
    share_interval,
)

SHARES = st.floats(0, 1)
SEEDS = st.lists(SHARES, min_size=1, max_size=5)
VARIANCES = st.one_of(st.just(0.0), st.floats(1e-9, 0.1))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_of_one_seed_has_scipys_wilson_interval(case: tuple[int, int]) -> None:
    right, rows = case
    share = right / rows
    found = share_interval(share, rows, Spread(share * (1 - share) / rows))
    expected = binomtest(right, rows).proportion_ci(0.95, "wilson")
    assert tuple(found) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_all_right_is_not_certain() -> None:
    """Wilson's interval of 41 of 41, where a bootstrap gives 1.0 to 1.0."""
    assert share_interval(1.0, 41, Spread(0.0)) == pytest.approx((0.914, 1.0), abs=1e-3)


@given(SEEDS, st.integers(1, 2000), VARIANCES)
def test_an_interval_of_a_share_holds_it_within_0_and_1(
    seeds: list[float], rows: int, over_rows: float
) -> None:
    mean = math.fsum(seeds) / len(seeds)
    low, high = share_interval(mean, rows, rows_and_seeds(over_rows, seeds))
    assert 0 <= low <= mean <= high <= 1
    assert low < high


@given(SEEDS, st.integers(2, 500), st.integers(2, 500), VARIANCES)
def test_an_interval_of_an_area_holds_it_within_0_and_1(
    seeds: list[float], positive: int, negative: int, over_rows: float
) -> None:
    mean = math.fsum(seeds) / len(seeds)
    low, high = area_interval(mean, rows_and_seeds(over_rows, seeds), positive, negative)
    assert 0 <= low <= mean + 1e-12
    assert mean - 1e-12 <= high <= 1


@given(st.floats(-1, 1), st.lists(st.floats(-1, 1), min_size=1, max_size=4), st.floats(0, 0.5))
def test_an_interval_of_a_difference_holds_it_and_agrees_with_p(
    difference: float, seeds: list[float], over_rows: float
) -> None:
    spread = rows_and_seeds(over_rows, seeds)
    low, high = difference_interval(difference, spread)
    assert -1 <= low <= difference <= high <= 1
    if low > 0 or high < 0:
        assert difference_p(difference, spread) <= 0.05 + 1e-9
    elif low < 0 < high:
        assert difference_p(difference, spread) >= 0.05 - 1e-9


def test_an_area_has_the_logit_interval() -> None:
    area, deviation = 0.93, 0.012
    found = area_interval(area, Spread(deviation**2), 90, 110)
    middle = math.log(area / (1 - area))
    reach = norm.ppf(0.975) * deviation / (area * (1 - area))
    expected = [1 / (1 + math.exp(-(middle + sign * reach))) for sign in (-1, 1)]
    assert list(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("area", [0.0, 0.5, 0.8, 1.0])
def test_the_ends_of_a_score_interval_are_just_as_far_as_they_may_be(area: float) -> None:
    positive, negative, z = 12, 30, 1.96
    for end in score_interval(area, positive, negative, z):
        if end in (0.0, 1.0):
            continue
        half = (positive + negative) / 2 - 1
        more = 1 + half * (1 - end) / (2 - end) + half * end / (1 + end)
        deviation = math.sqrt(end * (1 - end) * more / (positive * negative))
        assert abs(area - end) == pytest.approx(z * deviation, rel=1e-9)
    low, high = score_interval(area, positive, negative, z)
    assert low < high


def test_paired_seeds_alone_make_students_interval_and_others_welchs() -> None:
    one, other = [0.90, 0.92, 0.91, 0.93], [0.89, 0.90, 0.885, 0.91]
    paired = [a - b for a, b in zip(one, other, strict=True)]
    mean = float(np.mean(paired))
    spread = rows_and_seeds(0.0, paired)
    expected = ttest_1samp(paired, 0)
    found = difference_interval(mean, spread)
    assert tuple(found) == pytest.approx(tuple(expected.confidence_interval()), abs=1e-9)
    assert difference_p(mean, spread) == pytest.approx(expected.pvalue, rel=1e-9)
    value = float(np.mean(one) - np.mean(other[:3]))
    welch = ttest_ind(one, other[:3], equal_var=False)
    apart = rows_and_seeds(0.0, one, other[:3])
    assert difference_p(value, apart) == pytest.approx(welch.pvalue, rel=1e-9)


def test_single_seeds_and_equal_ones_leave_the_normal_interval() -> None:
    for seeds in ([0.1], [0.1, 0.1, 0.1]):
        found = difference_interval(0.1, rows_and_seeds(0.02**2, seeds))
        assert found == pytest.approx((0.1 - 1.96 * 0.02, 0.1 + 1.96 * 0.02), abs=1e-4)


def test_the_interval_over_rows_and_seeds_holds_what_it_should() -> None:
    generator = np.random.default_rng(6)
    hits, worlds, rows_sd, seeds_sd = 0, 600, 0.01, 0.02
    for _ in range(worlds):
        shift = generator.normal(0, rows_sd)  # what these rows do to the difference
        paired = generator.normal(0.03, seeds_sd, 3) + shift
        low, high = difference_interval(
            float(paired.mean()), rows_and_seeds(rows_sd**2, paired.tolist())
        )
        hits += low < 0.03 < high
    assert 0.92 < hits / worlds < 0.99


def test_rows_without_a_difference_are_no_proof_of_equality() -> None:
    low, high = difference_interval(0.0, Spread(paired_share_variance(np.zeros(41))))
    assert low < -0.02
    assert high > 0.02


def test_the_variance_of_paired_shares_is_bonett_and_prices() -> None:
    only_first, only_second, rows = 9, 3, 60
    differences = np.array([1.0] * only_first + [-1.0] * only_second + [0.0] * 48)
    first, second = (only_first + 1) / (rows + 2), (only_second + 1) / (rows + 2)
    expected = (first + second - (first - second) ** 2) / (rows + 2)
    assert paired_share_variance(differences) == pytest.approx(expected, rel=1e-12)


def test_unknown_variances_have_no_interval() -> None:
    unknown = Spread(math.nan)
    assert math.isnan(area_interval(0.9, unknown, 1, 9).low)
    assert math.isnan(difference_interval(0.1, unknown).high)
    assert difference_p(0.1, unknown) == 1
