"""Explain the best variant by its strongest words and its mistakes.

weights, features ─ pulls of the test rows ─┬─▶ words.json: the strongest words each way
                                            └─▶ mistakes.json: the most confident mistakes,
texts, tokens ────────────────────────────────  with the words that caused them marked
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
from reviewflow.evaluation.attribution import Attributions, attribute_rows, read_weights
from reviewflow.evaluation.metrics import CLASS_NAMES, THRESHOLD
from reviewflow.features.dataset import Part, read_part
from reviewflow.reporting.examples.highlight import marked_pieces
from reviewflow.reviews.split import TEST
from reviewflow.store.parquet import read_parquet

WORDS_EACH_WAY = 15
LEAST_ROWS_SHARE = 0.005  # of the test rows must hold a word, and at least
LEAST_ROWS = 5  # the pull of a rarer word depends on the few rows around it
MISTAKES_EACH_WAY = 4
MARKED_TERMS = 6
LONGEST_TEXT = 20_000  # characters of a review that are searched for words to mark


@dataclass(frozen=True)
class Mistake:
    """A test row that is predicted wrongly.

    Attributes
    ----------
    part, row : number of its part, and of the row within the part.
    label : 0 or 1.
    log_odds : of positive, as predicted.
    margin : the log-odds less those of the threshold; above 0 the row is predicted positive.
    terms, values : the terms in the row and their pulls, shape (E,).
    """

    part: int
    row: int
    label: int
    log_odds: float
    margin: float
    terms: NDArray[np.int32]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class ModelInputs:
    """Folders of the best model and of what it was made from.

    Features, tokens and reviews have one folder a part.
    """

    model: Path
    vocabulary: Path
    features: Sequence[Path]
    tokens: Sequence[Path]
    reviews: Sequence[Path]


def explain_model(
    inputs: ModelInputs, context: Context
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the strongest words and the most confident mistakes, as JSON.

    Returns
    -------
    words : dict
        ``rows`` (test rows) and for ``negative`` and ``positive`` a list of ``term``, ``pull``
        (log-odds, the mean over the test rows that hold the term) and ``rows`` (how many do).
    mistakes : list
        ``label``, ``probability`` (of positive), ``terms`` (each with its ``pull``) and
        ``pieces``: the text as (text, pull or null).
    """
    terms = read_parquet(inputs.vocabulary / "vocabulary.parquet", columns=["term"])["term"]
    weights = read_weights(inputs.model)
    sums, counts = np.zeros(len(terms)), np.zeros(len(terms), np.int64)
    rows = 0
    mistakes: list[Mistake] = []
    for number, folder in enumerate(inputs.features):
        part = read_part(folder, len(terms))
        test = np.flatnonzero(part.split == TEST).astype(np.int64)
        attributions = attribute_rows(weights, part, test, context)
        sums += np.bincount(attributions.indices, attributions.values, len(terms))
        counts += np.bincount(attributions.indices, minlength=len(terms))
        rows += len(attributions.rows)
        mistakes = most_confident_mistakes([*mistakes, *_part_mistakes(number, part, attributions)])
    names = terms.to_pylist()
    words = {
        "rows": rows,
        "negative": strongest_words(names, sums, counts, rows, -1),
        "positive": strongest_words(names, sums, counts, rows, 1),
    }
    return words, [_mistake_as_json(mistake, inputs, names) for mistake in mistakes]


def strongest_words(
    names: Sequence[str],
    sums: NDArray[np.float64],
    counts: NDArray[np.int64],
    rows: int,
    side: int,
) -> list[dict[str, Any]]:
    """Return the terms with the strongest mean pull over their rows.

    Parameters
    ----------
    sums, counts : of each term the sum of its pulls, and the rows that hold it, shape (V,).
    rows : all test rows.
    side : 1 for pulls towards positive, -1 towards negative.
    """
    means = sums / np.maximum(counts, 1)
    known = counts >= max(LEAST_ROWS, LEAST_ROWS_SHARE * rows)
    order = np.argsort(np.where(known, -side * means, np.inf), kind="stable")[:WORDS_EACH_WAY]
    return [
        {"term": names[k], "pull": round(float(means[k]), 4), "rows": int(counts[k])}
        for k in order
        if known[k] and side * means[k] > 0
    ]


def most_confident_mistakes(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """Return the mistakes furthest from the threshold, label 0 first."""
    ordered = sorted(mistakes, key=lambda mistake: -abs(mistake.margin))
    kept = [[m for m in ordered if m.label == label][:MISTAKES_EACH_WAY] for label in (0, 1)]
    return [mistake for side in kept for mistake in side]


def _part_mistakes(number: int, part: Part, own: Attributions) -> list[Mistake]:
    labels = part.labels[own.rows]
    margins = own.log_odds - _threshold_log_odds()
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
            int(own.rows[place]),
            int(labels[place]),
            float(own.log_odds[place]),
            float(margins[place]),
            own.indices[own.indptr[place] : own.indptr[place + 1]],
            own.values[own.indptr[place] : own.indptr[place + 1]],
        )
        for place in places
    ]


def _threshold_log_odds() -> float:
    """Return the log-odds of the threshold: 0 for a threshold of ½."""
    return math.log(THRESHOLD / (1 - THRESHOLD))


def _mistake_as_json(mistake: Mistake, inputs: ModelInputs, names: Sequence[str]) -> dict[str, Any]:
    """Return a mistake with its text, words that pulled wrongly marked."""
    wrong_way = mistake.values * (1 if mistake.margin > 0 else -1)
    chosen = [k for k in np.argsort(-wrong_way, kind="stable")[:MARKED_TERMS] if wrong_way[k] > 0]
    by_term = {names[mistake.terms[k]]: round(float(mistake.values[k]), 4) for k in chosen}
    text = review_text(inputs.reviews[mistake.part], mistake.row)[:LONGEST_TEXT]
    tokens = review_tokens(inputs.tokens[mistake.part], mistake.row)
    return {
        "label": CLASS_NAMES[mistake.label],
        "probability": float(1 / (1 + np.exp(-np.float64(mistake.log_odds)))),
        "terms": [{"term": term, "pull": pull} for term, pull in by_term.items()],
        "pieces": [list(piece) for piece in marked_pieces(text, tokens, by_term)],
    }


def review_text(reviews: Path, row: int) -> str:
    """Return the text of one row of a part, as ingested."""
    column = read_parquet(reviews / "reviews.parquet", columns=["text"])["text"]
    return str(column[row].as_py() or "")


def review_tokens(folder: Path, row: int) -> list[str]:
    """Return the tokens of one row of a part."""
    column = read_parquet(folder / "tokens.parquet", columns=["tokens"])["tokens"]
    return [str(token) for token in column[row].as_py() or ()]
