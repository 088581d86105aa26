"""What moves the best variant: words that pull most, and the mistakes it is surest of.

weights, features ─ pulls of the test rows ─┬─▶ words.json: the strongest each way
                                            └─▶ mistakes.json: the wrong rows it is surest of,
texts, tokens ────────────────────────────────  with the words that did it marked
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.evaluation.attribution import Pulls, Weights, pulls, read_weights
from reviewflow.evaluation.metrics import THRESHOLD
from reviewflow.features.dataset import Part, read_part
from reviewflow.reporting.examples.highlight import marked
from reviewflow.store.parquet import read_parquet

WORDS_EACH_WAY = 15
LEAST_ROWS_SHARE = 0.005  # of the test rows must hold a word, and at least
LEAST_ROWS = 5  # a rare word's pull is that of a few rows' company
MISTAKES_EACH_WAY = 4
MARKED_TERMS = 6
LONGEST_TEXT = 20_000  # characters of a review that are looked at for marking
SIDES = ("negative", "positive")


@dataclass(frozen=True)
class Mistake:
    """A test row that is predicted wrongly: where it stands, and the pulls in it.

    ``margin`` is its log-odds less those of the threshold: above 0 it is predicted positive.
    """

    part: int
    row: int
    label: int
    log_odds: float
    margin: float
    terms: NDArray[np.int32]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Made:
    """What the best model was made from: its own folder, and one a part of everything else."""

    model: Path
    vocabulary: Path
    features: Sequence[Path]
    tokens: Sequence[Path]
    reviews: Sequence[Path]


def explained(made: Made, context: Context) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The words that pull most and the mistakes that the model is surest of, as JSON values.

    Returns
    -------
    words : dict
        ``rows`` (test rows) and for ``negative`` and ``positive`` a list of ``term``, ``pull``
        (log-odds, the mean over the test rows that hold the term) and ``rows`` (how many do).
    mistakes : list
        ``label``, ``probability`` (of positive), and ``pieces``: the text as (text, pull or null).
    """
    terms = read_parquet(made.vocabulary / "vocabulary.parquet", columns=["term"])["term"]
    weights = read_weights(made.model)
    sums, counts = np.zeros(len(terms)), np.zeros(len(terms), np.int64)
    rows = 0
    mistakes: list[Mistake] = []
    for number, folder in enumerate(made.features):
        part = read_part(folder, len(terms))
        found = _test_pulls(weights, part, context)
        sums += np.bincount(found.indices, found.values, len(terms))
        counts += np.bincount(found.indices, minlength=len(terms))
        rows += len(found.rows)
        mistakes = surest([*mistakes, *_mistakes(number, part, found)])
    names = terms.to_pylist()
    words = {
        "rows": rows,
        "negative": strongest(names, sums, counts, rows, -1),
        "positive": strongest(names, sums, counts, rows, 1),
    }
    return words, [_told(mistake, made, names) for mistake in mistakes]


def _test_pulls(weights: Weights, part: Part, context: Context) -> Pulls:
    return pulls(weights, part, np.flatnonzero(~part.train).astype(np.int64), context)


def strongest(
    names: Sequence[str],
    sums: NDArray[np.float64],
    counts: NDArray[np.int64],
    rows: int,
    side: int,
) -> list[dict[str, Any]]:
    """The terms whose mean pull over the rows that hold them is strongest towards ``side``.

    Parameters
    ----------
    sums, counts : of each term its pulls summed up, and the rows that hold it, shape (V,).
    rows : all rows that were looked at.
    side : 1 or -1.
    """
    means = sums / np.maximum(counts, 1)
    known = counts >= max(LEAST_ROWS, LEAST_ROWS_SHARE * rows)
    order = np.argsort(np.where(known, -side * means, np.inf), kind="stable")[:WORDS_EACH_WAY]
    return [
        {"term": names[k], "pull": round(float(means[k]), 4), "rows": int(counts[k])}
        for k in order
        if known[k] and side * means[k] > 0
    ]


def surest(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """The mistakes furthest from the threshold, some of each class, in turn."""
    ordered = sorted(mistakes, key=lambda mistake: -abs(mistake.margin))
    kept = [[m for m in ordered if m.label == label][:MISTAKES_EACH_WAY] for label in (0, 1)]
    return [mistake for side in kept for mistake in side]


def _mistakes(number: int, part: Part, found: Pulls) -> list[Mistake]:
    labels = part.labels[found.rows]
    margins = found.log_odds - _threshold_log_odds()
    wrong = np.flatnonzero(~np.isnan(labels) & ((margins > 0) != (labels == 1)))
    order = wrong[np.argsort(-np.abs(margins[wrong]), kind="stable")]
    places = [
        place
        for label in (0, 1)
        for place in [p for p in order if labels[p] == label][:MISTAKES_EACH_WAY]
    ]
    return [
        Mistake(
            number,
            int(found.rows[place]),
            int(labels[place]),
            float(found.log_odds[place]),
            float(margins[place]),
            found.indices[found.indptr[place] : found.indptr[place + 1]],
            found.values[found.indptr[place] : found.indptr[place + 1]],
        )
        for place in places
    ]


def _threshold_log_odds() -> float:
    """Return the log-odds above which a row is predicted positive: 0 for a threshold of ½."""
    return math.log(THRESHOLD / (1 - THRESHOLD))


def _told(mistake: Mistake, made: Made, names: Sequence[str]) -> dict[str, Any]:
    """A mistake with its text, in which the words that pulled it the wrong way are marked."""
    wrong_way = mistake.values * (1 if mistake.margin > 0 else -1)
    chosen = [k for k in np.argsort(-wrong_way, kind="stable")[:MARKED_TERMS] if wrong_way[k] > 0]
    by_term = {names[mistake.terms[k]]: round(float(mistake.values[k]), 4) for k in chosen}
    text = review_text(made.reviews[mistake.part], mistake.row)[:LONGEST_TEXT]
    tokens = review_tokens(made.tokens[mistake.part], mistake.row)
    return {
        "label": SIDES[mistake.label],
        "probability": float(1 / (1 + np.exp(-np.float64(mistake.log_odds)))),
        "terms": [{"term": term, "pull": pull} for term, pull in by_term.items()],
        "pieces": [list(piece) for piece in marked(text, tokens, by_term)],
    }


def review_text(reviews: Path, row: int) -> str:
    """The text of one row of a part, as it was read."""
    column = read_parquet(reviews / "reviews.parquet", columns=["text"])["text"]
    return str(column[row].as_py() or "")


def review_tokens(folder: Path, row: int) -> list[str]:
    """The tokens of one row of a part."""
    column = read_parquet(folder / "tokens.parquet", columns=["tokens"])["tokens"]
    return [str(token) for token in column[row].as_py() or ()]
