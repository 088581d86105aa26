"""Exact tests against SciPy's, and Holm's correction against its definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, hypergeom

from reviewflow.evaluation.significance import fisher_test, holm, mcnemar, sign_test


@given(st.integers(0, 300), st.integers(0, 300))
def test_sign_test_is_scipys_binomial_test(better: int, worse: int) -> None:
    found = sign_test(better, worse)
    if better > worse:
        expected = binomtest(better, better + worse, 0.5, "greater").pvalue
        assert found == pytest.approx(expected, rel=1e-9)
    else:
        assert found == 1


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_scipys_binomial_test(only_first: int, only_second: int) -> None:
    rows = only_first + only_second
    expected = binomtest(only_first, rows, 0.5).pvalue if rows else 1.0
    assert mcnemar(only_first, only_second) == pytest.approx(expected, rel=1e-9)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), *[st.integers(0, n)] * 3)))
def test_fisher_is_scipys_hypergeometric_tail(case: tuple[int, int, int, int]) -> None:
    rows, first, second, wanted = case
    both = min(wanted, first, second)
    found = fisher_test(both, first, second, rows)
    if both * rows > first * second:
        expected = hypergeom.sf(both - 1, rows, first, second)
        assert found == pytest.approx(expected, rel=1e-7)
    else:
        assert found == 1


def test_means_over_seeds_are_rounded() -> None:
    assert sign_test(20.3, 9.8) == sign_test(20, 10)
    assert fisher_test(1.5, 1.4, 10.2, 100) == fisher_test(1, 1, 10, 100)


def test_far_tails_are_zero_and_not_an_error() -> None:
    assert sign_test(20_000, 100) == 0
    assert 0 <= fisher_test(9000, 9000, 9000, 25_000) < 1e-300


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_refuses_what_the_stepwise_procedure_refuses(p_values: list[float]) -> None:
    """Holm's own words: take them from the smallest on, and stop at the first that is too large."""
    refused = set()
    order = sorted(range(len(p_values)), key=lambda position: p_values[position])
    for rank, position in enumerate(order):
        if (len(p_values) - rank) * p_values[position] > 0.05:
            break
        refused.add(position)
    assert {k for k, p in enumerate(holm(p_values)) if p <= 0.05} == refused
    assert all(p >= own for p, own in zip(holm(p_values), p_values, strict=True))
