"""Stems, lemmas, number words and stop words against NLTK, inflect and scikit-learn themselves."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import get_args

import inflect
import nltk
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.stem import WordNetLemmatizer
from nltk.stem.snowball import SnowballStemmer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from reviewflow.config.sections import Language, Normalize
from reviewflow.text import wordnet
from reviewflow.text.base_forms import lemma, normalize_words, number_words, stem
from reviewflow.text.normalize import normalize_texts
from tests.reviewflow.text.reviews import as_array, plain_tokens, real_reviews
from tests.reviewflow.text.test_wordnet import unpack_for_nltk


@pytest.fixture(scope="module")
def nltk_lemmatizer(tmp_path_factory: pytest.TempPathFactory) -> WordNetLemmatizer:
    """NLTK's own, over the same WordNet files."""
    data = tmp_path_factory.mktemp("nltk_data")
    unpack_for_nltk(data)
    nltk.data.path.insert(0, str(data))
    lemmatizer = WordNetLemmatizer()
    lemmatizer.lemmatize("loads")
    nltk.data.path.remove(str(data))
    return lemmatizer


def nltk_lemma(lemmatizer: WordNetLemmatizer, word: str) -> str:
    if word in ENGLISH_STOP_WORDS:
        return word
    noun = lemmatizer.lemmatize(word, "n")
    return noun if noun != word else lemmatizer.lemmatize(word, "v")


def assert_real_reviews_become(options: Normalize, oracle: Callable[[str], str]) -> None:
    """Token by token, on 2,000 real reviews; the oracle is asked once for each token."""
    oracle = cache(oracle)
    rows = normalize_texts(as_array(real_reviews()), options).to_pylist()
    for text, row in zip(real_reviews(), rows, strict=True):
        assert row == [oracle(token) for token in plain_tokens(text, options)]


def test_lemmas_of_real_reviews_are_nltks(nltk_lemmatizer: WordNetLemmatizer) -> None:
    assert_real_reviews_become(
        Normalize(reduce="lemma"), lambda word: nltk_lemma(nltk_lemmatizer, word)
    )


def test_stems_of_real_reviews_are_nltks() -> None:
    assert_real_reviews_become(Normalize(reduce="stem"), SnowballStemmer("english").stem)


def test_unreduced_tokens_of_real_reviews_stay() -> None:
    assert_real_reviews_become(Normalize(reduce="none"), str)


def test_every_irregular_form_and_inflected_lemma_is_nltks(
    nltk_lemmatizer: WordNetLemmatizer,
) -> None:
    for name in ("noun", "verb"):
        part = wordnet.part_of_speech(name)
        bases = sorted(part.words)[::60]
        endings = ("", "s", "es", "ies", "ed", "ing", "men", "ches", "ves")
        inflected = (base + ending for base in bases for ending in endings)
        for word in (*part.exceptions, *inflected):
            assert part.base_form(word) == nltk_lemmatizer.lemmatize(word, name[0]), word


@settings(max_examples=300, deadline=None)
@given(word=st.text(max_size=8))
def test_lemmas_of_any_text_are_nltks(nltk_lemmatizer: WordNetLemmatizer, word: str) -> None:
    assert lemma(word) == nltk_lemma(nltk_lemmatizer, word)


def test_known_lemmas() -> None:
    words = {"was": "was", "movies": "movie", "children": "child", "went": "go", "running": "run"}
    assert {word: lemma(word) for word in words} == words


def test_threads_agree() -> None:
    tokens = sorted({token for text in real_reviews()[:200] for token in text.lower().split()})
    with ThreadPoolExecutor(8) as executor:
        for function in (lemma, stem, lambda word: number_words(str(len(word)))):
            rows = list(executor.map(lambda _, f=function: [f(t) for t in tokens], range(8)))
            assert all(row == rows[0] for row in rows)


@settings(max_examples=300, deadline=None)
@given(digits=st.from_regex(r"[0-9]{1,40}", fullmatch=True))
def test_number_words_are_inflects(digits: str) -> None:
    if len(digits) > 36:
        assert number_words(digits) == (digits,)
    else:
        spoken = inflect.engine().number_to_words(digits)
        assert list(number_words(digits)) == re.findall(r"\w+", str(spoken))


@pytest.mark.parametrize(
    ("numbers", "tokens"),
    [
        ("keep", ["in", "1984", "2nd", "٣", "x2"]),
        ("drop", ["in", "2nd", "x2"]),
        ("words", ["in", "one", "thousand", "nine", "hundred", "and", "eighty", "four"]),
    ],
)
def test_numbers_are_kept_dropped_or_spelled(numbers: str, tokens: list[str]) -> None:
    options = Normalize.model_validate({"numbers": numbers, "reduce": "none"})
    expected = [*tokens, "2nd", "three", "x2"] if numbers == "words" else tokens
    assert normalize_texts(as_array(["In 1984, 2nd ٣ x2"]), options).to_pylist() == [expected]


def test_empty_stems_leave_no_token() -> None:
    words, counts = normalize_words(["'s", "films", "s'", "'"], Normalize(reduce="stem"))
    assert all(words)
    assert len(words) == counts.sum()
    assert words[int(counts[0])] == "film"


@pytest.mark.parametrize(
    ("token", "parts"),
    [
        ("don't", ["do", "n't"]),
        ("CAN'T", ["CA", "N'T"]),
        ("it's", ["it", "'s"]),
        ("they'd've", ["they", "'d", "'ve"]),
        ("rock'n'roll", ["rock", "'n", "'roll"]),
        ("'quoted'", ["'quoted'"]),
        ("well-it's", ["well", "-", "it", "'s"]),
        ("n't", ["n't"]),
        ("1984", ["1984"]),
    ],
)
def test_contractions_are_split_as_in_the_penn_treebank(token: str, parts: list[str]) -> None:
    for contractions, expected in (("keep", [token]), ("split", parts)):
        options = Normalize.model_validate({"contractions": contractions, "reduce": "none"})
        words, counts = normalize_words([token], options)
        assert (words, counts.tolist()) == (expected, [len(expected)])


@given(token=st.text(st.one_of(st.sampled_from("n't-x"), st.characters()), min_size=1, max_size=9))
def test_the_parts_of_a_contraction_make_up_the_token(token: str) -> None:
    words, _ = normalize_words([token], Normalize(contractions="split", reduce="none"))
    assert "".join(words) == token


SENTENCES = {
    "arabic": "هذا الفيلم جميل جدا والممثلون يلعبون أدوارهم بمهارة كبيرة ويكتبون المسرحيات",
    "danish": "Skuespillerne spillede vidunderligt og filmens slutning overraskede alle tilskuerne",
    "dutch": "De acteurs speelden geweldig en de mogelijkheden werden gebruikt",
    "english": "The actors were playing wonderfully and nobody expected such disappointing endings",
    "finnish": "Näyttelijät olivat erinomaisia ja elokuvan loppuratkaisu yllätti kaikki katsojat",
    "french": "Les acteurs jouaient merveilleusement et l'histoire continuait de nous émouvoir",
    "german": "Die Schauspielerinnen spielten großartig, und die Überraschungen häuften sich",
    "hungarian": "A színészek csodálatosan játszottak, és a történetek meglepetésekkel vártak",
    "italian": "Gli attori recitavano meravigliosamente e le storie continuavano ad appassionarci",
    "norwegian": "Skuespillerne spilte fantastisk og filmenes avslutninger overrasket alle",
    "portuguese": "Os atores representavam maravilhosamente e as histórias continuavam",
    "romanian": "Actorii jucau minunat, iar povestirile continuau să ne surprindă în fiecare zi",
    "russian": "Актёры играли замечательно, а неожиданные повороты истории удивляли всех зрителей",
    "spanish": "Los actores actuaban maravillosamente y las historias continuaban sorprendiéndonos",
    "swedish": "Skådespelarna spelade underbart och filmernas avslutningar överraskade åskådarna",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_stems_of_each_language_are_nltks(language: str) -> None:
    options = Normalize.model_validate({"language": language, "reduce": "stem"})
    expected = [
        SnowballStemmer(language).stem(word) for word in plain_tokens(SENTENCES[language], options)
    ]
    assert normalize_texts(as_array([SENTENCES[language]]), options).to_pylist() == [expected]
    assert sum(a != b for a, b in zip(expected, SENTENCES[language].split(), strict=False)) > 3


def test_every_language_with_stems_is_a_setting() -> None:
    assert {*get_args(Language)} == {*SnowballStemmer.languages, "other"} - {"porter"}
    assert {*SENTENCES} == {*get_args(Language)} - {"other"}


def test_the_stem_of_an_arabic_word_does_not_depend_on_others() -> None:
    words = SENTENCES["arabic"].split()
    stem.cache_clear()
    forwards = [stem(word, "arabic") for word in words]
    stem.cache_clear()
    assert [stem(word, "arabic") for word in reversed(words)] == forwards[::-1]
