"""The table of drift: its verdicts, and the drift of several files together."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.reporting.scoring_page.drift_view import (
    drift_view,
    joint_drift,
    same_origin,
    verdict,
)
from reviewflow.scoring.drift import TRAITS, drift_between
from tests.reviewflow.reporting.scoring_page.scored_run import BEFORE, TWO, profile

INDEX = st.floats(0, 5)


@pytest.mark.parametrize(
    ("psi", "chance", "words"),
    [
        (0.0, 0.0, "within chance"),
        (0.3, 0.4, "within chance"),
        (0.05, 0.01, "negligible change"),
        (0.1, 0.01, "small change"),
        (0.2499, 0.2, "small change"),
        (0.25, 0.2, "large change"),
        (3.0, 0.01, "large change"),
    ],
)
def test_verdicts(psi: float, chance: float, words: str) -> None:
    assert verdict(psi, chance) == words


@given(st.tuples(INDEX, INDEX), st.tuples(INDEX, INDEX))
def test_a_larger_index_never_reads_as_a_smaller_change(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    order = ["within chance", "negligible change", "small change", "large change"]
    (low, chance), (high, _) = sorted((one, other))
    assert order.index(verdict(low, chance)) <= order.index(verdict(high, chance))


def test_files_together_are_as_if_they_were_one_file() -> None:
    parts = [profile(rows, seed, seed) for seed, rows in enumerate((300, 0, 1_700))]
    joint = joint_drift([drift_between(BEFORE, part) for part in parts])
    expected = drift_between(BEFORE, parts[0] + parts[1] + parts[2])
    for name in ("rows", "rows_before", "unknown_share_before", *TRAITS):
        assert joint[name] == expected[name], name
    low, high = joint["unknown_shares"]
    assert low <= expected["unknown_share"] <= high


def test_files_of_another_model_are_not_summed() -> None:
    older = drift_between(profile(1_000, 9), profile(10, 1))
    newer = [drift_between(BEFORE, profile(10, seed)) for seed in (1, 2)]
    assert same_origin([newer[0], older, newer[1]]) == newer


@pytest.mark.parametrize("shift", [0, 1, 4])
def test_the_sentence_names_what_differs(shift: int) -> None:
    drift = drift_between(BEFORE, profile(1_000, 5, shift))
    view = drift_view(drift, TWO)
    limits = {trait: max(drift[trait]["chance"], 0.1) for trait in TRAITS}
    differing = [TRAITS[trait] for trait in TRAITS if drift[trait]["psi"] > limits[trait]]
    assert [trait.name for trait in view.differing] == differing
    for trait in view.differing:
        assert f"{trait.name} ({trait.psi:.2f}" in view.sentence.lower()
    assert ("from the validation rows" in view.sentence) == bool(view.differing)


def test_the_worst_trait_is_that_of_the_greatest_change_and_not_of_the_largest_index() -> None:
    drift = drift_between(BEFORE, profile(1_000, 5))
    drift["tokens"] |= {"psi": 0.4, "chance": 0.9}
    drift["labels"] |= {"psi": 0.3, "chance": 0.01}
    assert drift_view(drift, TWO).worst.name == "labels"


def test_without_rows_nothing_is_said_to_be_equal() -> None:
    view = drift_view(drift_between(BEFORE, profile(0, 1)), TWO)
    assert {trait.verdict for trait in view.traits} == {"no rows"}
    assert view.sentence == "There are no rows to compare."
    assert view.unknown_words == ""


def test_each_trait_has_its_axis_and_its_bins() -> None:
    view = drift_view(drift_between(BEFORE, profile(100, 1)), TWO)
    histograms = [trait.histogram for trait in view.traits]
    for histogram in histograms:
        assert len(histogram.bins) == len(histogram.before) == len(histogram.now)
        assert all(0 <= number <= len(histogram.bins) for number, _ in histogram.ticks)
    lengths, unknown, scores, labels = histograms
    assert (lengths.bins[0], lengths.bins[-1]) == ("0 to 4", "4096 or more")
    assert unknown.ticks[-1] == (10, "100 %")
    assert scores.x_label == "probability of positive"
    assert labels.bins == TWO
    three = dataclasses.replace(BEFORE, labels=profile(90, 1, classes=3).labels)
    more = drift_view(drift_between(three, three), ("a", "b", "c"))
    assert more.traits[2].histogram.x_label == "probability of the predicted class"
