"""Normalise distinct tokens: numbers, parts, stop words, base forms.

    "1984" ─numbers─▶ one thousand nine … ─stop words─▶ thousand … ─reduce─▶ thousand …

Everything here is a pure function of a word, so threads may share the caches.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain, compress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reviewflow.config.sections import Normalize
from reviewflow.text.stop_words import ENGLISH, words_left_out
from reviewflow.text.wordnet import ENDINGS, part_of_speech

if TYPE_CHECKING:
    from nltk.stem.snowball import SnowballStemmer

REMEMBERED_WORDS = 1 << 18  # bounds the memory; a part has some 50,000 distinct tokens
LARGEST_NUMBER_DIGITS = 36  # of the number words that inflect knows

LAST_LETTERS = frozenset(letter for endings in ENDINGS.values() for letter in endings)
SPELLED_WORD = re.compile("[a-z]+")
CONTRACTION = re.compile(r"\w'\w")
# do n't, it 's, as in the Penn Treebank; other characters stay together
CONTRACTION_PARTS = re.compile(r"\w+(?=n't\b)|n't\b|'?\w+|[^\w']+|'", re.IGNORECASE)


def normalize_words(tokens: list[str], normalize: Normalize) -> tuple[list[str], NDArray[np.int64]]:
    """Return what replaces each distinct token: no word, one or several.

    Returns
    -------
    words : the words of all tokens, end to end
    counts : int64, shape (len(tokens),), number of words of each token
    """
    left_out = words_left_out(
        normalize.stop_words, normalize.keep_negations, normalize.lowercase, normalize.language
    )
    reductions: dict[str, Callable[[Iterable[str]], list[str]]] = {
        "none": list,
        "stem": lambda words: [stem(word, normalize.language) for word in words],
        "lemma": lemmas,
    }
    counts = np.ones(len(tokens), np.int64)
    spelled = tokens
    if normalize.numbers != "keep" or normalize.contractions == "split":
        groups = [_words_of(token, normalize) for token in tokens]
        counts = np.fromiter(map(len, groups), np.int64, len(groups))
        spelled = list(chain.from_iterable(groups))
    words = reductions[normalize.reduce](spelled)
    if not left_out and all(words):
        return words, counts
    pairs = zip(spelled, words, strict=True)
    kept = np.array([bool(word) and token not in left_out for token, word in pairs], bool)
    words = list(compress(words, kept))
    ends = np.concatenate(([0], np.cumsum(counts)))
    return words, np.diff(np.concatenate(([0], np.cumsum(kept)))[ends])


def _words_of(token: str, normalize: Normalize) -> tuple[str, ...]:
    """Return the words of a number, the parts of a contraction, or the token."""
    if normalize.numbers != "keep" and token.isdecimal():
        return number_words(token) if normalize.numbers == "words" else ()
    if normalize.contractions == "split" and CONTRACTION.search(token):
        return tuple(CONTRACTION_PARTS.findall(token))
    return (token,)


def lemmas(words: Iterable[str]) -> list[str]:
    """Return the base form of each word.

    Only words whose base form may differ are looked up.
    """
    irregular = part_of_speech("noun").exceptions.keys() | part_of_speech("verb").exceptions.keys()
    return [
        lemma(word) if word[-1:] in LAST_LETTERS or word in irregular else word for word in words
    ]


@lru_cache(maxsize=REMEMBERED_WORDS)
def lemma(word: str) -> str:
    """Return the base form as a noun or, if it is the word itself, as a verb.

    Words on scikit-learn's stop list stay as they are, or "was" would become "wa".
    """
    if word in ENGLISH:
        return word
    noun = part_of_speech("noun").base_form(word)
    return noun if noun != word else part_of_speech("verb").base_form(word)


@lru_cache(maxsize=REMEMBERED_WORDS)
def stem(word: str, language: str = "english") -> str:
    """Return the stem by NLTK's Snowball stemmer for a language.

    The one for Arabic has a state that a word leaves to the next one (NLTK 3.10:
    ``suffixes_verb_step1_success``), so each word gets a new one.
    """
    stemmer = _new_snowball(language) if language == "arabic" else _snowball(language)
    stemmed: str = stemmer.stem(word)
    return stemmed


@lru_cache(maxsize=2)
def _snowball(language: str) -> SnowballStemmer:
    return _new_snowball(language)


def _new_snowball(language: str) -> SnowballStemmer:
    from nltk.stem.snowball import SnowballStemmer

    return SnowballStemmer(language)


@lru_cache(maxsize=REMEMBERED_WORDS)
def number_words(digits: str) -> tuple[str, ...]:
    """Return a whole number in English words, as inflect writes it.

    Commas and hyphens are left out. ``digits`` may be decimal digits of any script. A number that
    is too long to have a name stays as it is.
    """
    # An engine has state that threads must not share. Making one costs a microsecond.
    from inflect import engine

    if len(digits) > LARGEST_NUMBER_DIGITS:
        return (digits,)
    plain = "".join(str(unicodedata.decimal(digit)) for digit in digits)
    return tuple(SPELLED_WORD.findall(str(engine().number_to_words(plain))))
