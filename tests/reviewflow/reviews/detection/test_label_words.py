"""Words, stars and other labels get the classes that people mean."""

from typing import Any

import pytest

from reviewflow.reviews.detection.label_words import Kind, label_map, mood, number_of


def classes(*words: str, kind: Kind = "unknown", rows: int = 100) -> Any:
    return label_map(dict.fromkeys(words, rows), kind).labels


def test_stars_lose_the_middle() -> None:
    found = label_map(dict.fromkeys(["1", "2", "3", "4", "5"], 10))
    assert found.labels == {"1": 0, "2": 0, "4": 1, "5": 1}
    assert found.left_out == {"3": 10}
    assert classes("1", "2", "5") == {"1": 0, "2": 0, "5": 1}
    assert classes("1.0", "4.0", "5.0") == {"1.0": 0, "4.0": 1, "5.0": 1}
    assert classes("4,5", "1,0", "3,0", kind="ratings") == {"1,0": 0, "4,5": 1}
    assert classes("0", "2", "4") == {"0": 0, "4": 1}
    ten = classes(*map(str, range(1, 11)), kind="ratings")
    assert ten == {str(n): int(n > 6) for n in (1, 2, 3, 4, 7, 8, 9, 10)}


@pytest.mark.parametrize(
    "words",
    [
        ("negative", "positive"),
        ("NEG", "POS"),
        ("bad", "good"),
        ("no", "yes"),
        ("False", "True"),
        ("0", "1"),
        ("-1", "1"),
        ("1", "2"),
        ("not recommended", "recommended"),
        ("1 star", "5 stars"),
        ("1.0 out of 5 stars", "5.0 out of 5 stars"),
        ("★☆☆☆☆", "★★★★★"),
        ("thumbs down", "thumbs up"),
        ("neutral or dissatisfied", "satisfied"),
        ("差评", "好评"),
        ("отрицательный", "положительный"),
    ],
)
def test_the_worse_of_two_words_is_class_0(words: tuple[str, str]) -> None:
    assert classes(*words) == {words[0]: 0, words[1]: 1}
    assert classes(*reversed(words)) == {words[0]: 0, words[1]: 1}


def test_a_neutral_word_is_a_class_of_its_own() -> None:
    found = label_map(dict.fromkeys(["Positive", "Neutral", "Negative", "very negative"], 10))
    assert found.labels == {"Positive": 2, "Neutral": 1, "Negative": 0, "very negative": 0}
    assert "class of its own" in found.doubts[0]


def test_other_words_are_classes() -> None:
    assert classes("sport", "politics", "culture") == "auto"
    assert classes("1", "2", "3", "4", kind="classes") == "auto"
    found = label_map({"ham": 50, "spam": 50})
    assert found.labels == {"ham": 0, "spam": 1}
    assert "guess" in found.doubts[0]


def test_spellings_of_a_word_share_a_class() -> None:
    assert classes("Sport", " sport", "news", "art") == {
        "art": 0,
        "news": 1,
        "Sport": 2,
        " sport": 2,
    }
    assert classes("Positive", "positive ", "NEGATIVE")["positive "] == 1


def test_rare_words_are_left_out() -> None:
    found = label_map({"a": 100, "b": 100, "c": 100, "d": 3})
    assert found.labels == {"a": 0, "b": 1, "c": 2}
    assert found.left_out == {"d": 3}
    assert "too rare" in found.doubts[0]


def test_blank_words_are_left_out() -> None:
    found = label_map({"good": 9, "bad": 9, " ": 2})
    assert found.labels == {"good": 1, "bad": 0}
    assert found.left_out == {" ": 2}


def test_words_without_a_mood_or_number() -> None:
    assert mood("table") is None
    assert mood("not bad") == 1
    assert number_of("v1.2.3") is None
    assert number_of("4/5") == 4
