"""Choose the columns of text, label, group and split from what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reviewflow.config.sections import MOST_CLASSES
from reviewflow.reviews.detection.column_stats import ColumnStats
from reviewflow.reviews.detection.label_words import Kind, mood, number_of, plain_form

TEXTS = """
text texts review reviews body comment comments content message tweet sentence sentences feedback
document description opinion verbatim phrase headline post reviewtext
"""
SHORT_TEXTS = "title summary subject name url link author user location id reason tokens"
RATINGS = "star stars rating ratings score overall grade note bewertung sterne puan"
CLASSES = "class category categories topic department genre intent type"
OTHERS = """
id ids no nr number index row count counts votes helpful helpfulness useful funny cool verified date
time year month day hour age gender sex country city state region lang language currency price
version split fold set partition subset confidence gold source platform device length words
characters timestamp timezone zip average avg mean median total sum
"""
OWNERS = "user username author reviewer customer store shop branch name title"
REVIEWED = """
film movie product item asin sku business hotel restaurant place drug app book game song album
company brand airline store shop branch doctor course clothing parent show series episode recipe
attraction seller merchant service
"""
REVIEWERS = "customer user author reviewer person account patient student username"

TEXT_NAMES = frozenset(TEXTS.split())
SHORT_TEXT_NAMES = frozenset(SHORT_TEXTS.split())
RATING_NAMES = frozenset(RATINGS.split())
CLASS_NAMES = frozenset(CLASSES.split())
LABEL_NAMES = (  # how much a word in a column's name says that it is the label
    (frozenset({"sentiment", "label", "labels", "polarity", "target"}), 4),
    (frozenset({"liked", "recommended", "recommend", "verdict", "feeling", "class"}), 3),
    (RATING_NAMES, 3),
    (CLASS_NAMES, 1),
)
NOT_LABELS = frozenset(OTHERS.split())
OWNER_NAMES = frozenset(OWNERS.split())  # not labels either, but a reviewer's score is one
GROUP_NAMES = (frozenset(REVIEWED.split()), frozenset(REVIEWERS.split()))
IDS = frozenset({"id", "ids", "key", "code", "no", "nr", "number"})
SPLIT_NAMES = frozenset({"split", "set", "fold", "partition", "subset", "dataset"})
SPLIT_WORDS = frozenset({"train", "validation", "test"})
FEWEST_TEXT_WORDS = 2.0
SHORTER = 0.25  # a column of text of this share of the longest may be taken by its name
FILLED = 0.5  # share of rows that a label must have
ROWS_A_VALUE = 4  # fewest rows a value, on average, of a label
FEWEST_GROUPS = 20
LARGEST_GROUP = 0.1  # share of the rows
ROWS_A_GROUP = 1.3


@dataclass(frozen=True)
class ColumnChoice:
    """The column chosen for a role, if any.

    Attributes
    ----------
    others : names of columns that could have it as well.
    """

    name: str | None
    others: tuple[str, ...] = ()


def name_words(name: str) -> frozenset[str]:
    """Return the words of a column's name: ``reviewText`` gives review, text."""
    pieces = re.findall(r"[A-ZÀ-Þ]?[^\W\d_A-ZÀ-Þ]+|[A-ZÀ-Þ]+(?![^\W\d_A-ZÀ-Þ])|\d+", name)
    return frozenset(plain_form(piece) for piece in pieces)


def choose_text(columns: Sequence[ColumnStats]) -> ColumnChoice:
    """Return the column of the reviews' texts.

    It is the one with the longest texts, or one that is named as texts are and not much shorter.
    """
    texts = [each for each in columns if each.words >= FEWEST_TEXT_WORDS and _has_letters(each)]
    if not texts:
        return ColumnChoice(None)
    most = max(each.characters for each in texts)
    ranked = sorted(texts, key=lambda each: (-_text_rank(each, most), -each.characters))
    others = [each.name for each in ranked[1:] if _text_rank(each, most) >= 0]
    return ColumnChoice(ranked[0].name, tuple(others))


def _text_rank(column: ColumnStats, longest: float) -> int:
    """Return how likely a column of texts is the review, from -1 to 2."""
    words = name_words(column.name)
    if column.counts is not None and column.filled >= 10 * len(column.values):
        return -1  # few values, as of a product's name
    if words & SHORT_TEXT_NAMES or column.characters < SHORTER * longest:
        return 0
    return 2 if words & TEXT_NAMES else 1


def choose_label(columns: Iterable[ColumnStats]) -> ColumnChoice:
    """Return the column of the labels among those that are not the text."""
    scores = {each.name: _label_score(each) for each in columns if _may_be_label(each)}
    ranked = sorted((name for name in scores if scores[name] > 0), key=lambda name: -scores[name])
    if not ranked:
        return ColumnChoice(None)
    near = [name for name in ranked[1:] if scores[name] >= scores[ranked[0]] - 2]
    return ColumnChoice(ranked[0], tuple(near))


def kind_of_numbers(name: str) -> Kind:
    """Return what a label column's name says of its numbers."""
    words = name_words(name)
    if words & RATING_NAMES:
        return "ratings"
    return "classes" if words & CLASS_NAMES else "unknown"


def _may_be_label(column: ColumnStats) -> bool:
    values = column.values
    return (
        2 <= len(values) <= MOST_CLASSES
        and column.filled >= FILLED * column.rows
        and column.filled >= ROWS_A_VALUE * len(values)
    )


def _label_score(column: ColumnStats) -> float:
    """Return how likely a column of few values is the label, above 0."""
    words = name_words(column.name)
    by_name = max((score for names, score in LABEL_NAMES if words & names), default=0)
    if words & NOT_LABELS or (words & OWNER_NAMES and not by_name):
        by_name -= 5
    return by_name + _value_score(column.values) - 4 * (1 - column.filled / column.rows)


def _value_score(values: Sequence[str]) -> float:
    """Return how much the values of a column look like labels."""
    if {plain_form(value) for value in values} <= SPLIT_WORDS:
        return -5
    numbers = [number for value in values if (number := number_of(value)) is not None]
    if len(numbers) == len(values):
        is_scale = min(numbers) >= 0 and max(numbers) in (4, 5, 10, 100)
        return 3 if is_scale else 2 if len(values) == 2 else 1 if len(values) <= 21 else 0.5
    if all(mood(value) is not None for value in values):
        plain = {"yes", "no", "true", "false", "y", "n", "t", "f"}
        return 2 if {plain_form(value) for value in values} <= plain else 6
    return 2 if len(values) <= 20 else 0.5


def choose_group(columns: Iterable[ColumnStats]) -> tuple[ColumnChoice, str | None]:
    """Return the column of what is reviewed or of who reviews it, if evident.

    Returns
    -------
    The choice, and a sentence on a column that is named so, but has too few values.
    """
    suitable: list[tuple[int, str]] = []
    doubt = None
    for each in columns:
        words = name_words(each.name)
        kind = next((kind for kind, names in enumerate(GROUP_NAMES) if words & names), None)
        if kind is None or words & RATING_NAMES or each.counts is None:
            continue
        if _makes_groups(each):
            suitable.append((kind, each.name))
        elif words & IDS and 1 < len(each.values) < FEWEST_GROUPS:
            doubt = (
                f'column "{each.name}" has {len(each.values)} values, too few to keep the rows of '
                "each together in the split"
            )
    ranked = [name for _, name in sorted(suitable, key=lambda pair: pair[0])]
    if not ranked:
        return ColumnChoice(None), doubt
    return ColumnChoice(ranked[0], tuple(ranked[1:])), None


def _makes_groups(column: ColumnStats) -> bool:
    rows = [count for value, count in (column.counts or {}).items() if value.strip()]
    return (
        len(rows) >= FEWEST_GROUPS
        and sum(rows) >= ROWS_A_GROUP * len(rows)
        and max(rows) <= LARGEST_GROUP * column.rows
    )


def choose_split(columns: Iterable[ColumnStats]) -> tuple[str | None, str | None]:
    """Return the column of a given split, or a sentence why one is not used."""
    for each in columns:
        if not name_words(each.name) & SPLIT_NAMES or not 2 <= len(each.values) <= 5:
            continue
        words = {value.lower() for value in each.values}
        if {"train", "test"} <= words <= SPLIT_WORDS and each.filled == each.rows:
            return each.name, None
        if words & {"train", "training", "dev", "test", "valid", "validation"}:
            shown = ", ".join(f'"{value}"' for value in each.values)
            return None, (
                f'column "{each.name}" holds {shown}; a split is used where every row says train, '
                "validation or test"
            )
    return None, None


def _has_letters(column: ColumnStats) -> bool:
    """Return whether values are more than numbers, dates and signs."""
    first = column.values[:100]
    return not first or any(sign.isalpha() for value in first for sign in value)
