"""Histograms of rows, and the index that compares two of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from reviewflow.models.predictor import Analysis
from reviewflow.models.profile import (
    LENGTHS,
    SCORES,
    SHARES,
    Profile,
    chance_index,
    profile_of,
    stability_index,
)


def random_profile(rows: int, seed: int, classes: int = 2) -> Profile:
    generator = np.random.default_rng(seed)
    tokens = generator.integers(0, 900, rows)
    odds = generator.random((rows, classes)).astype(np.float32)
    odds = odds[:, 0] if classes == 2 else odds / odds.sum(axis=1, keepdims=True)
    return profile_of(Analysis(odds, tokens, tokens // 10), 0.5, classes)


def test_bins_are_those_of_numpy() -> None:
    generator = np.random.default_rng(0)
    tokens = generator.integers(0, 9000, 500)
    unknown = (tokens * generator.random(500)).astype(np.int64)
    odds = generator.random(500).astype(np.float32)
    found = profile_of(Analysis(odds, tokens, unknown), 0.3, 2)
    for counts, values, edges in (
        (found.tokens, tokens, LENGTHS),
        (found.unknown, unknown / np.maximum(tokens, 1), SHARES),
        (found.scores, odds, SCORES),
    ):
        assert (counts == np.histogram(values, [*edges, np.inf])[0]).all()
    assert found.labels.tolist() == [int((odds <= 0.3).sum()), int((odds > 0.3).sum())]


def test_profiles_add_up_and_are_read_again() -> None:
    parts = [random_profile(rows, seed, 3) for seed, rows in enumerate((0, 10, 300))]
    total = sum(parts, Profile.empty(3))
    assert total.rows == 310
    assert total.scores.sum() == 310
    assert Profile.from_json(total.to_json()).to_json() == total.to_json()


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=12),
)
def test_the_index_is_the_symmetric_divergence(counts: list[tuple[int, int]]) -> None:
    before, now = (np.array(each, np.int64) for each in zip(*counts, strict=True))
    found = stability_index(before, now)
    both = before + now
    added = 0.5 * (both > 0).sum() * both / max(both.sum(), 1)  # half a row a bin, by its share
    p, q = (each[both > 0] for each in (before + added, now + added))
    expected = entropy(p, q) + entropy(q, p) if len(p) else 0.0
    assert found == pytest.approx(expected, abs=1e-12)
    assert found >= 0


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.integers(1, 40))
def test_equal_shares_have_not_drifted(counts: list[int], times: int) -> None:
    before = np.array(counts, np.int64)
    assert stability_index(before, times * before) == pytest.approx(0, abs=1e-12)


def test_equal_populations_exceed_the_chance_index_in_one_case_of_twenty() -> None:
    generator = np.random.default_rng(1)
    shares = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
    above = 0
    for _ in range(1000):
        before, now = generator.multinomial(2000, shares), generator.multinomial(1500, shares)
        above += stability_index(before, now) > chance_index(before, now)
    assert 25 < above < 80
    assert chance_index(np.zeros(3, np.int64), np.ones(3, np.int64)) == 0
