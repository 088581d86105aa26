"""Find which class each label word means.

words of mood ── negative, no, very bad → 0; neutral; positive, yes → 1 ─┐
stars ────────── the lower ones → 0; the middle dropped; the higher → 1 ─┼─▶ LabelMap
other words ──── a class for each ───────────────────────────────────────┘
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reviewflow.reviews.classes import sort_labels

NEGATIVE, NEUTRAL, POSITIVE = -1, 0, 1
NEGATIVE_WORDS = """
negative negativ negatif négatif negativo negativa neg bad no false n f poor terrible awful hate
hated dislike disliked rotten down unhappy dissatisfied unsatisfied sad worst detractor schlecht
nein non mauvais malo mala olumsuz отрицательный негативный плохой 负面 差评 消极 差 坏 负 سلبي
"""
POSITIVE_WORDS = """
positive positiv positif positivo positiva pos good yes true y t great excellent love loved like
liked fresh up happy satisfied best promoter recommended recommend gut ja oui bon bueno buena si
olumlu положительный позитивный хороший 正面 好评 积极 好 正 إيجابي
"""
NEUTRAL_WORDS = """
neutral neutre neutro neutra neu mixed okay ok average fair passive нейтральный 中性 中评 محايد
"""
MOODS = (
    (NEGATIVE, frozenset(NEGATIVE_WORDS.split())),
    (POSITIVE, frozenset(POSITIVE_WORDS.split())),
    (NEUTRAL, frozenset(NEUTRAL_WORDS.split())),
)
NOT = frozenset({"not", "never", "isnt", "wont", "nicht", "pas"})
NUMBER = re.compile(
    r"\s*([+-]?\d+(?:[.,]\d+)?)\s*(?:$|/|\*|★|⭐|stars?\b|out of\b|von\b|sur\b)", re.IGNORECASE
)
SCALES = (  # least and most possible number; the highest that is bad, the lowest that is good
    (1, 5, 2, 4),
    (0, 4, 1, 3),
)
# for columns whose name says that they are ratings
RATING_SCALES = ((0, 5, 2, 4), (0, 10, 4, 7), (0, 100, 40, 70))
FEWEST_ROWS = 25  # a fifth of them are the 5 test rows that a class needs
Kind = Literal["ratings", "classes", "unknown"]  # what the column's name says of its numbers
NAMES_OF_TWO = ("negative", "positive")


@dataclass(frozen=True)
class LabelMap:
    """The class of each label word.

    Attributes
    ----------
    labels : classes by word, or ``auto``, which takes each word as a class.
    left_out : rows of the words that have no class.
    meanings : what people call each class.
    doubts : sentences about what is a guess.
    """

    labels: Mapping[str, int] | Literal["auto"]
    left_out: Mapping[str, int]
    meanings: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def label_map(counts: Mapping[str, int], kind: Kind = "unknown") -> LabelMap:
    """Return what the words of a label column mean.

    Parameters
    ----------
    counts : rows of each word, at least two words that are not blank.
    kind : of an unknown kind, numbers are ratings where they reach the end of a scale up to 5.
    """
    words = [word for word in counts if word.strip()]
    blank = {word: rows for word, rows in counts.items() if not word.strip()}
    found = (
        _map_of_moods(words)
        or _map_of_numbers(counts, words, kind)
        or _map_of_two(words)
        or _map_of_many(counts, words, leave_out=bool(blank))
    )
    if not blank:
        return found
    return LabelMap(found.labels, {**found.left_out, **blank}, found.meanings, found.doubts)


def plain_form(word: str) -> str:
    """Return a word without capitals and outer spaces."""
    return unicodedata.normalize("NFKC", word).strip().casefold()


def mood(word: str) -> int | None:
    """Return whether a word is negative, neutral or positive, or None."""
    tokens = re.findall(r"\w+", plain_form(word).replace("'", "").replace("’", ""))
    known = [(value, token) for token in tokens for value, names in MOODS if token in names]
    if not known:
        return None
    values = {value for value, _ in known}
    if NOT.intersection(tokens) or (tokens[0] == "no" and len(known) > 1):
        return NEGATIVE if values != {NEGATIVE} else POSITIVE
    return next(value for value in (NEGATIVE, POSITIVE, NEUTRAL) if value in values)


def number_of(word: str) -> float | None:
    """Return the number in a word such as ``4``, ``4,0`` or ``4 stars``."""
    stars = word.strip()
    if stars and not stars.strip("★☆⭐"):
        return float(len(stars) - stars.count("☆"))
    match = NUMBER.match(word)
    return float(match[1].replace(",", ".")) if match else None


def _map_of_moods(words: Sequence[str]) -> LabelMap | None:
    """Return the map of words that are all negative, neutral or positive."""
    moods = {word: mood(word) for word in words}
    values = set(moods.values())
    if None in values or not {NEGATIVE, POSITIVE} <= values:
        return None
    if NEUTRAL not in values:
        return LabelMap(
            {word: int(value == POSITIVE) for word, value in moods.items()}, {}, NAMES_OF_TWO
        )
    order = (NEGATIVE, NEUTRAL, POSITIVE)
    neutral = ", ".join(f'"{word}"' for word, value in moods.items() if value == NEUTRAL)
    return LabelMap(
        {word: order.index(value) for word, value in moods.items() if value is not None},
        {},
        ("negative", "neutral", "positive"),
        (
            f"{neutral} is a class of its own; for two classes, remove it, number the positive "
            "words 1 and set other_labels: drop",
        ),
    )


def _map_of_numbers(counts: Mapping[str, int], words: Sequence[str], kind: Kind) -> LabelMap | None:
    """Return the map of words that are all numbers."""
    numbers = {word: value for word in words if (value := number_of(word)) is not None}
    values = sorted(set(numbers.values()))
    if len(numbers) < len(words) or len(values) < 2:
        return None
    ordered = sorted(words, key=lambda word: (numbers[word], word))
    if len(values) == 2:
        doubts = () if set(values) in ({0, 1}, {-1, 1}, {1, 5}) else (_guess_of_two(values),)
        return LabelMap(
            {word: values.index(numbers[word]) for word in ordered}, {}, NAMES_OF_TWO, doubts
        )
    bounds = _bounds(values, kind)
    if bounds is None:
        found = _map_of_many(counts, words)
        doubt = "each number is a class of its own; numbers of one meaning may share a class"
        return LabelMap(found.labels, found.left_out, found.meanings, (doubt, *found.doubts))
    bad, good = bounds
    classes = {
        word: int(numbers[word] >= good)
        for word in ordered
        if numbers[word] <= bad or numbers[word] >= good
    }
    left_out = {word: counts[word] for word in ordered if word not in classes}
    guess = "that the numbers are ratings is a guess; labels: auto takes each as a class"
    doubts = (guess,) if kind == "unknown" else ()
    return LabelMap(classes, left_out, NAMES_OF_TWO, doubts)


def _bounds(values: Sequence[float], kind: Kind) -> tuple[float, float] | None:
    """Return the highest bad and the lowest good number of a scale."""
    if kind == "classes":
        return None
    for least, most, bad, good in SCALES + (RATING_SCALES if kind == "ratings" else ()):
        reached = values[-1] == most or (kind == "ratings" and values[-1] > most / 2)
        begun = values[0] == 0 if most == 4 else least <= values[0] <= bad
        if begun and good <= values[-1] <= most and reached:
            return bad, good
    return None


def _guess_of_two(values: Sequence[float]) -> str:
    return f"that {values[0]:g} is the worse and {values[1]:g} the better one is a guess"


def _map_of_two(words: Sequence[str]) -> LabelMap | None:
    """Return the map of two words, at most one of them of a known mood."""
    forms = list(dict.fromkeys(plain_form(word) for word in sort_labels(words)))
    if len(forms) != 2:
        return None
    moods = [mood(form) for form in forms]
    if moods[0] == POSITIVE or moods[1] == NEGATIVE:
        forms.reverse()
    known = any(value in (NEGATIVE, POSITIVE) for value in moods)
    doubt = f"that {forms[0]!r} is class 0 and {forms[1]!r} class 1 is a guess"
    classes = {word: forms.index(plain_form(word)) for word in words}
    return LabelMap(classes, {}, tuple(forms), () if known else (doubt,))


def _map_of_many(
    counts: Mapping[str, int], words: Sequence[str], leave_out: bool = False
) -> LabelMap:
    """Return a class for each word.

    Words that differ in case alone share one. Words of too few rows are left out,
    unless hardly any would be left.

    Parameters
    ----------
    leave_out : whether other words are left out already, so that the map must be explicit.
    """
    rows: dict[str, int] = {}
    for word in words:
        rows[plain_form(word)] = rows.get(plain_form(word), 0) + counts[word]
    frequent = [form for form in sort_labels(rows) if rows[form] >= FEWEST_ROWS]
    forms = frequent if len(frequent) > 2 else sort_labels(rows)
    if len(forms) == len(words) and not leave_out:
        return LabelMap("auto", {}, tuple(sort_labels(words)))
    classes = {
        word: forms.index(plain_form(word))
        for word in sort_labels(words)
        if plain_form(word) in forms
    }
    left_out = {word: counts[word] for word in words if word not in classes}
    doubts = (
        (f"words of fewer than {FEWEST_ROWS} rows are too rare to be learnt",) if left_out else ()
    )
    return LabelMap(classes, left_out, tuple(forms), doubts)
