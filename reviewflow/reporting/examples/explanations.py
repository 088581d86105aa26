"""Explain the best variant by its strongest words and its mistakes.

weights, features ─ pulls of the test rows ─┬─▶ words.json: the strongest words of each class
                                            └─▶ mistakes.json: the most confident mistakes,
texts, tokens ────────────────────────────────  with the words that caused them marked

Of two classes a pull is the one towards the second class, and negative towards the first. Of more
classes a word has a pull towards each, against all others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.evaluation.attribution import Attributions, attribute_rows, read_weights
from reviewflow.evaluation.metrics import THRESHOLD
from reviewflow.features.feature_parts import Part, read_part
from reviewflow.features.vocabulary import has_skip_bigrams, is_of_characters
from reviewflow.reporting.examples.highlight import marked_characters, marked_pieces
from reviewflow.reviews.split import TEST
from reviewflow.store.parquet import read_parquet

WORDS_EACH_WAY = 15
LEAST_ROWS_SHARE = 0.005  # of the test rows must hold a word, and at least
LEAST_ROWS = 5  # the pull of a rarer word depends on the few rows around it
MISTAKES = 8  # shared among the classes, and at least one of each
MARKED_TERMS = 6
LONGEST_TEXT = 20_000  # characters of a review that are searched for words to mark


@dataclass(frozen=True)
class Mistake:
    """A test row that is predicted wrongly.

    Attributes
    ----------
    part, row : number of its part, and of the row within the part.
    label, predicted : classes.
    log_odds : as predicted. Of two classes those of the second one, of more those of ``predicted``.
    margin : of two classes the distance of the log-odds from those of the threshold, of more the
        distance of the predicted class's log-odds from those of ``label``; above 0.
    terms, values : the terms in the row and their pulls, shape (E,): of two classes towards the
        second one, of more towards ``predicted``.
    """

    part: int
    row: int
    label: int
    predicted: int
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
    evaluation: Path
    vocabulary: Path
    features: Sequence[Path]
    tokens: Sequence[Path]
    reviews: Sequence[Path]


def explain_model(
    inputs: ModelInputs, class_names: Sequence[str], context: Context
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the strongest words and the most confident mistakes, as JSON.

    Returns
    -------
    words : dict
        ``rows`` (test rows) and ``classes``: of each class its ``name`` and ``words``, a list of
        ``term``, ``pull`` (log-odds, the mean over the test rows that hold the term) and ``rows``
        (how many do).
    mistakes : list
        ``label`` and ``predicted`` (names), ``of`` and ``probability`` (that of class ``of``: of
        two classes the second, of more the predicted one), ``terms`` (each with its ``pull``) and
        ``pieces``: the text as (text, pull or null).
    """
    terms = read_parquet(inputs.vocabulary / "vocabulary.parquet", columns=["term"])["term"]
    weights, threshold = read_weights(inputs.model), model_threshold(inputs.evaluation)
    sums = np.zeros((len(terms), 1 if len(class_names) == 2 else len(class_names)))
    counts, rows = np.zeros(len(terms), np.int64), 0
    mistakes: list[Mistake] = []
    for number, folder in enumerate(inputs.features):
        part = read_part(folder, len(terms))
        test = np.flatnonzero(part.split == TEST).astype(np.int64)
        attributions = attribute_rows(weights, part, test, context)
        sums += _sums_by_term(attributions, sums.shape)
        counts += np.bincount(attributions.indices, minlength=len(terms))
        rows += len(attributions.rows)
        found = find_mistakes(number, part, attributions, threshold)
        mistakes = most_confident_mistakes([*mistakes, *found], len(class_names))
    names = terms.to_pylist()
    words = {
        "rows": rows,
        "classes": [
            {"name": name, "words": strongest_words(names, pulls, counts, rows, side)}
            for name, (pulls, side) in zip(class_names, _pulls_by_class(sums), strict=True)
        ],
    }
    as_json = [_mistake_as_json(mistake, inputs, names, class_names) for mistake in mistakes]
    return words, as_json


def model_threshold(evaluation: Path) -> float:
    """Return the probability above which class 1 of two is predicted."""
    metrics = json.loads((evaluation / "metrics.json").read_text(encoding="utf-8"))
    return float(metrics["test"].get("threshold", THRESHOLD))


def _sums_by_term(attributions: Attributions, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the sum of each term's pulls, shape (V, 1) or (V, K)."""
    values = attributions.values.reshape(len(attributions.indices), shape[1])
    columns = [np.bincount(attributions.indices, values[:, k], shape[0]) for k in range(shape[1])]
    return np.stack(columns, axis=1)


def _pulls_by_class(sums: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], int]]:
    """Return for each class the sums of pulls, and which sign is towards it."""
    if sums.shape[1] == 1:
        return [(sums[:, 0], -1), (sums[:, 0], 1)]
    return [(sums[:, k], 1) for k in range(sums.shape[1])]


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
    side : 1 for pulls above 0, -1 for those below.
    """
    means = sums / np.maximum(counts, 1)
    known = counts >= max(LEAST_ROWS, LEAST_ROWS_SHARE * rows)
    order = np.argsort(np.where(known, -side * means, np.inf), kind="stable")[:WORDS_EACH_WAY]
    return [
        {"term": names[k], "pull": round(float(means[k]), 4), "rows": int(counts[k])}
        for k in order
        if known[k] and side * means[k] > 0
    ]


def most_confident_mistakes(mistakes: Sequence[Mistake], classes: int) -> list[Mistake]:
    """Return the mistakes with the largest margins, those of class 0 first."""
    ordered = sorted(mistakes, key=lambda mistake: -mistake.margin)
    each = max(1, MISTAKES // classes)
    kept = [[m for m in ordered if m.label == label][:each] for label in range(classes)]
    return [mistake for side in kept for mistake in side]


def find_mistakes(number: int, part: Part, own: Attributions, threshold: float) -> list[Mistake]:
    """Return the most confident mistakes in some rows of a part.

    Parameters
    ----------
    number : of the part.
    threshold : of two classes, the probability above which the second is predicted.
    """
    labels = part.labels[own.rows]
    predicted, log_odds, margins = _predictions(own, labels, threshold)
    wrong = np.flatnonzero(~np.isnan(labels) & (predicted != labels))
    order = wrong[np.argsort(-margins[wrong], kind="stable")]
    classes = 2 if own.log_odds.ndim == 1 else own.log_odds.shape[1]
    places = [
        place
        for label in range(classes)
        for place in [p for p in order if labels[p] == label][: max(1, MISTAKES // classes)]
    ]
    return [
        Mistake(
            number,
            int(own.rows[place]),
            int(labels[place]),
            int(predicted[place]),
            float(log_odds[place]),
            float(margins[place]),
            own.indices[own.indptr[place] : own.indptr[place + 1]],
            _pulls_towards(own, place, int(predicted[place])),
        )
        for place in places
    ]


def _predictions(
    own: Attributions, labels: NDArray[np.float32], threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return predicted class, its log-odds and margin of each row, shape (N,)."""
    if own.log_odds.ndim == 1:
        margins = own.log_odds - math.log(threshold / (1 - threshold))
        return (margins > 0).astype(np.int64), own.log_odds, np.abs(margins)
    rows = np.arange(len(labels))
    predicted = own.log_odds.argmax(axis=1)
    known = np.where(np.isnan(labels), 0, labels).astype(np.int64)
    highest = own.log_odds[rows, predicted]
    return predicted, highest, highest - own.log_odds[rows, known]


def _pulls_towards(own: Attributions, place: int, predicted: int) -> NDArray[np.float32]:
    """Return the pulls of a row's terms towards the predicted class."""
    values = own.values[own.indptr[place] : own.indptr[place + 1]]
    return values if values.ndim == 1 else values[:, predicted]


def _mistake_as_json(
    mistake: Mistake, inputs: ModelInputs, names: Sequence[str], class_names: Sequence[str]
) -> dict[str, Any]:
    """Return a mistake with its text, words that pulled wrongly marked."""
    towards_first = len(class_names) == 2 and mistake.predicted == 0
    wrong_way = mistake.values * (-1 if towards_first else 1)
    chosen = [k for k in np.argsort(-wrong_way, kind="stable")[:MARKED_TERMS] if wrong_way[k] > 0]
    by_term = {names[mistake.terms[k]]: round(float(mistake.values[k]), 4) for k in chosen}
    text = review_text(inputs.reviews[mistake.part], mistake.row)[:LONGEST_TEXT]
    if is_of_characters(inputs.vocabulary):
        pieces = marked_characters(text, by_term)
    else:
        tokens = review_tokens(inputs.tokens[mistake.part], mistake.row)
        pieces = marked_pieces(text, tokens, by_term, has_skip_bigrams(inputs.vocabulary))
    return {
        "label": class_names[mistake.label],
        "predicted": class_names[mistake.predicted],
        "of": class_names[1 if len(class_names) == 2 else mistake.predicted],
        "probability": float(1 / (1 + np.exp(-np.float64(mistake.log_odds)))),
        "terms": [{"term": term, "pull": pull} for term, pull in by_term.items()],
        "pieces": [list(piece) for piece in pieces],
    }


def review_text(reviews: Path, row: int) -> str:
    """Return the text of one row of a part, as ingested."""
    column = read_parquet(reviews / "reviews.parquet", columns=["text"])["text"]
    return str(column[row].as_py() or "")


def review_tokens(folder: Path, row: int) -> list[str]:
    """Return the tokens of one row of a part."""
    column = read_parquet(folder / "tokens.parquet", columns=["tokens"])["tokens"]
    return [str(token) for token in column[row].as_py() or ()]
