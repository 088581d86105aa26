"""Test compiled functions one by one. Whole steps are in the backend's test."""

import numpy as np
import pytest
from scipy.special import erf

from reviewflow.networks.compiled_sgd import (
    Rows,
    exp_minus,
    logistic,
    normal_cdf,
    sparse_back_by_term,
    sparse_back_by_text,
    tanh,
)
from tests.reviewflow.networks.cases import random_features


def test_tanh_is_right_over_all_of_float32() -> None:
    z = np.concatenate([np.linspace(-12, 12, 4001), np.logspace(-30, 30, 601), [0.0, np.inf]])
    z = z.astype(np.float32)
    ours = np.array([tanh(x) for x in np.concatenate([z, -z])])
    exact = np.tanh(np.concatenate([z, -z]).astype(np.float64))
    assert np.abs(ours - exact).max() <= 2e-7
    near_zero = np.abs(exact) < 0.1
    assert ours[near_zero] == pytest.approx(exact[near_zero], rel=4e-7)
    assert np.isnan(tanh(np.float32(np.nan)))


def test_exp_is_right_from_0_to_where_it_vanishes() -> None:
    u = np.concatenate([np.linspace(0, 87, 5001), np.logspace(-30, 0, 301)]).astype(np.float32)
    ours = np.array([exp_minus(x) for x in u])
    assert ours == pytest.approx(np.exp(-u.astype(np.float64)), rel=2e-7)
    assert exp_minus(np.float32(0)) == 1
    assert exp_minus(np.float32(89)) == exp_minus(np.float32(np.inf)) == 0


def test_the_normal_distribution_and_the_logistic_function_are_right() -> None:
    z = np.concatenate([np.linspace(-12, 12, 4001), np.logspace(-30, 30, 601)]).astype(np.float32)
    exact = np.concatenate([z, -z]).astype(np.float64)
    cdf = np.array([normal_cdf(x) for x in np.concatenate([z, -z])])
    assert np.abs(cdf - (1 + erf(exact / np.sqrt(2))) / 2).max() <= 3e-7
    ours = np.array([logistic(x) for x in np.concatenate([z, -z])])
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-exact))
    assert ours == pytest.approx(expected, rel=3e-7, abs=1e-37)


@pytest.mark.parametrize("units", [1, 8, 16, 128, 513])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_few_texts_change_the_first_layer_by_the_same_bytes_either_way(
    size: int, units: int
) -> None:
    X, labels = random_features(40, 60, seed=size)
    nothing = np.zeros((0, 1), np.float32)
    rows = Rows(
        X.indptr.astype(np.int64), X.indices, X.data, labels, np.ones(2, np.float32), nothing
    )
    generator = np.random.default_rng(units)
    D = generator.normal(size=(size, units)).astype(np.float32)
    weights = generator.normal(size=(60, units)).astype(np.float32)
    by_text, by_term = weights.copy(), weights.copy()
    batch = 2 + generator.permutation(38)[:size]  # the second row is empty
    sparse_back_by_text(batch, rows, D, by_text, np.float32(0.3))
    sparse_back_by_term(batch, rows, D, by_term, np.float32(0.3), np.zeros(60, np.int64))
    assert by_text.tobytes() == by_term.tobytes() != weights.tobytes()
    exact = weights - 0.3 * X[batch].toarray().T.astype(np.float64) @ D
    assert by_text == pytest.approx(exact, abs=1e-5)
