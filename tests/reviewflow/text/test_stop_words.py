"""Stop words and negations, against scikit-learn's own list."""

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from reviewflow.config.sections import Normalize
from reviewflow.text.normalize import normalize_texts
from reviewflow.text.stop_words import ENGLISH, NEGATIONS
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
    assert {"no", "not", "nor", "never", "don't", "won't", "isn't", "cannot"} <= NEGATIONS


def test_a_stop_word_goes_before_words_are_reduced() -> None:
    options = Normalize(stop_words=("movies",), reduce="lemma")
    assert normalize_texts(as_array(["movies movie"]), options).to_pylist() == [["movie"]]
