"""Stop words and negations, against scikit-learn's own list."""

from typing import get_args
from unicodedata import normalize

import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from stop_words import get_stop_words

from reviewflow.config.sections import KnownLanguage, Normalize
from reviewflow.text.normalize import normalize_texts
from reviewflow.text.stop_words import ENGLISH, common_words, negations
from tests.reviewflow.text.reviews import as_array


def test_stop_words_meet_the_words_of_numbers() -> None:
    options = Normalize(numbers="words", stop_words="english", reduce="none")
    assert normalize_texts(as_array(["the 101 dogs", "1"]), options).to_pylist() == [["dogs"], []]


def test_english_is_scikit_learns_list() -> None:
    assert ENGLISH == ENGLISH_STOP_WORDS


def test_stop_words_and_negations() -> None:
    text = as_array(["The plot is not good, I don't and couldn't like it; never!"])
    kept = {"stop_words": "english", "reduce": "none"}
    assert normalize_texts(text, Normalize.model_validate(kept)).to_pylist() == [
        ["plot", "not", "good", "don't", "couldn't", "like", "never"]
    ]
    gone = Normalize.model_validate({**kept, "keep_negations": False})
    assert normalize_texts(text, gone).to_pylist() == [
        ["plot", "good", "don't", "couldn't", "like"]
    ]
    own = Normalize(stop_words=("PLOT", "don't", "never"), keep_negations=True, reduce="none")
    tokens = normalize_texts(text, own).to_pylist()[0]
    assert "plot" not in tokens
    assert {"don't", "never", "the"} <= set(tokens)


def test_negations_hold_the_n_t_forms() -> None:
    some = {"no", "not", "nor", "never", "don't", "won't", "isn't", "cannot"}
    assert some <= negations("english")


def test_a_stop_word_goes_before_words_are_reduced() -> None:
    options = Normalize(stop_words=("movies",), reduce="lemma")
    assert normalize_texts(as_array(["movies movie"]), options).to_pylist() == [["movie"]]


@pytest.mark.parametrize("language", get_args(KnownLanguage))
def test_each_language_has_a_list_and_negations(language: str) -> None:
    words, nots = common_words(language), negations(language)
    if language != "english":
        assert words == {normalize("NFC", word) for word in get_stop_words(language)}
    assert {normalize("NFC", word).lower() for word in nots} == nots
    assert words & nots
    usual = {"language": language, "stop_words": language, "reduce": "none"}
    text = as_array([" ".join(sorted(words | nots))])
    settings = {"token_pattern": r"\S+"}
    kept = normalize_texts(text, Normalize.model_validate(usual | settings)).to_pylist()[0]
    gone = Normalize.model_validate(usual | settings | {"keep_negations": False})
    assert set(kept) == nots
    assert set(normalize_texts(text, gone).to_pylist()[0]) == nots - words


def test_german_stop_words_go_and_their_negations_stay() -> None:
    options = Normalize(language="german", stop_words="german", reduce="stem")
    text = as_array(["Das Essen war nicht gut und die Bedienung nie da, ohne Grund"])
    assert normalize_texts(text, options).to_pylist() == [
        ["ess", "nicht", "gut", "bedien", "nie", "ohn", "grund"]
    ]
