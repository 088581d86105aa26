"""What becomes of one distinct token: numbers, stop words, reduction to a stem or lemma.

    "1984" ─numbers─▶ one thousand nine … ─stop words─▶ thousand … ─reduce─▶ thousand …

Everything here is a pure function of a word, so that threads may share what they remember.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from reviewflow.config import Normalize
from reviewflow.text.stop_words import ENGLISH, words_left_out
from reviewflow.text.wordnet import part_of_speech

if TYPE_CHECKING:
    from nltk.stem.snowball import SnowballStemmer

REMEMBERED_WORDS = 1 << 18  # bounds the memory; a part has some 50,000 distinct tokens
LARGEST_NUMBER_DIGITS = 36  # of the number words that inflect knows

SPELLED_WORD = re.compile("[a-z]+")


def normalized_words(tokens: list[str], normalize: Normalize) -> list[tuple[str, ...]]:
    """For each distinct token the words that take its place: none, one or several."""
    left_out = words_left_out(normalize.stop_words, normalize.keep_negations, normalize.lowercase)
    reductions: dict[str, Callable[[str], str]] = {"none": str, "stem": stem, "lemma": lemma}
    reduced = reductions[normalize.reduce]

    if normalize.numbers == "keep" and not left_out:
        words = list(map(reduced, tokens))
        if all(words):
            return list(zip(words, strict=True))

    def words_of(token: str) -> tuple[str, ...]:
        """One token; whole numbers are spelled out or left out first."""
        if normalize.numbers == "keep" or not token.isdecimal():
            spelled: tuple[str, ...] = (token,)
        else:
            spelled = number_words(token) if normalize.numbers == "words" else ()
        kept = [reduced(word) for word in spelled if word not in left_out]
        return tuple(word for word in kept if word)

    return [words_of(token) for token in tokens]


@lru_cache(maxsize=REMEMBERED_WORDS)
def lemma(word: str) -> str:
    """The base form: as a noun and, if that changes nothing, as a verb.

    Words on scikit-learn's stop list stay as they are, else "was" would become "wa".
    """
    if word in ENGLISH:
        return word
    noun = part_of_speech("noun").base_form(word)
    return noun if noun != word else part_of_speech("verb").base_form(word)


@lru_cache(maxsize=REMEMBERED_WORDS)
def stem(word: str) -> str:
    """The stem by NLTK's Snowball stemmer for English."""
    stemmed: str = _snowball().stem(word)
    return stemmed


@lru_cache(maxsize=1)
def _snowball() -> SnowballStemmer:
    from nltk.stem.snowball import SnowballStemmer

    return SnowballStemmer("english")


@lru_cache(maxsize=REMEMBERED_WORDS)
def number_words(digits: str) -> tuple[str, ...]:
    """A whole number in English words, as inflect says it, without commas and hyphens.

    ``digits`` may be decimal digits of any script. A number too long to have a name stays as it is.
    """
    # An engine has state that two threads would mix up; making one costs a microsecond.
    from inflect import engine

    if len(digits) > LARGEST_NUMBER_DIGITS:
        return (digits,)
    plain = "".join(str(unicodedata.decimal(digit)) for digit in digits)
    return tuple(SPELLED_WORD.findall(str(engine().number_to_words(plain))))
