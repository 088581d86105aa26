"""Values as a person reads them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.formatting import (
    amount,
    duration,
    figure,
    flatten,
    join_names,
    moment,
    nearest,
    plain,
    setting,
    size,
    visible,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.004, "0.00 s"),
        (0.994, "0.99 s"),
        (0.999, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (3599.7, "1 h 0 min"),
        (3840, "1 h 4 min"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_durations(seconds: Any, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("bytes_", "words"),
    [(812, "812 B"), (999, "999 B"), (1000, "1.0 kB"), (99_600, "100 kB"), (4_230_000, "4.2 MB")],
)
def test_sizes(bytes_: int, words: str) -> None:
    assert size(bytes_) == words


def test_figures_and_counts() -> None:
    assert figure(0.89246) == "0.8925"
    assert figure(float("inf")) == figure(None) == figure("x") == figure(True) == "–"
    assert amount(1, "row") == "1 row"
    assert amount(20000, "row") == "20,000 rows"
    assert join_names(["a"]) == "a"
    assert join_names(["a", "b", "c"]) == "a, b and c"
    assert join_names(list("abcdefgh"), 4) == "a, b, c and 5 others"
    assert join_names([]) == ""


def test_values_in_one_line() -> None:
    assert plain({"record": 7, "share": 0.123456789}) == "record: 7, share: 0.123457"
    assert plain([True, None, "a"]) == "yes, –, a"
    assert setting([512, 128]) == "[512, 128]"
    assert setting(0.001) == "0.001"
    assert setting(True) == "true"
    assert setting(None) == "null"


def test_moments() -> None:
    assert moment("2025-06-03T14:05:21+00:00") == "3 June 2025, 14:05 UTC"
    assert moment("yesterday") == "yesterday"
    assert moment(None) == "–"


@given(st.text())
def test_nothing_unseen_is_left(text: str) -> None:
    shown = visible(text)
    assert not any(ord(letter) < 32 and letter not in "\t\n" for letter in shown)
    assert not any(letter in "\x7f\x9b\u202e\u2066" for letter in shown)
    assert visible(shown) == shown


def test_long_text_is_cut_and_says_so() -> None:
    assert visible("a" * 500, 400) == "a" * 400 + "… (500 characters)"
    assert visible("\ud800") == "?"


def test_nested_settings_by_full_names() -> None:
    settings = {"train": {"seed": 0, "hidden": [1]}, "variants": {"relu": {}}, "name": "a"}
    assert flatten(settings) == {
        "train.seed": 0,
        "train.hidden": [1],
        "variants.relu": {},
        "name": "a",
    }
    assert flatten({}) == {}


@pytest.mark.parametrize(
    ("word", "cutoff", "name"),
    [
        ("trian", 0.5, "train"),
        ("TRAIN", 1.0, "train"),
        ("ROC auc", 0.5, "ROC AUC"),
        ("xyz", 0.5, None),
        ("train", 0.0, "train"),
    ],
)
def test_the_nearest_known_name(word: str, cutoff: float, name: str | None) -> None:
    assert nearest(word, ["split", "train", "ROC AUC"], cutoff) == name
    assert nearest(word, [], cutoff) is None


def test_the_first_of_names_that_differ_in_case_alone_is_nearest() -> None:
    assert nearest("labl", ["Label", "label"]) == "Label"
