"""List and count the best model's mistakes.

predictions ─ test rows ─┬─ wrong ones, surest first ─▶ mistakes.csv, with texts and records
                         ├─ lengths, files ───────────▶ errors.json
                         └─ other thresholds ─────────▶ errors.json
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewflow.evaluation.error_groups import errors_by_file, errors_by_length
from reviewflow.evaluation.metrics import predicted_classes
from reviewflow.evaluation.predictions import LabelledRows, rows_of_split
from reviewflow.evaluation.threshold_table import threshold_table
from reviewflow.reviews.parts import Index
from reviewflow.store.parquet import read_parquet

MOST_LISTED = 10_000
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
SPLIT = "test"


@dataclass(frozen=True)
class JudgedRows:
    """The N labelled test rows of a model.

    Attributes
    ----------
    parts, rows : the part of each row, and its place there, int64, shape (N,).
    given : labels and probabilities.
    predicted : classes, int64, shape (N,).
    """

    parts: NDArray[np.int64]
    rows: NDArray[np.int64]
    given: LabelledRows
    predicted: NDArray[np.int64]

    @property
    def is_wrong(self) -> NDArray[np.bool_]:
        """Whether each row is predicted wrongly, shape (N,)."""
        return np.asarray(self.predicted != self.given.labels)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The probability of each predicted class, float64, shape (N,)."""
        odds = self.given.probabilities.astype(np.float64)
        if odds.ndim == 1:
            return np.where(self.predicted == 1, odds, 1 - odds)
        return odds[np.arange(len(odds)), self.predicted]


def judge_rows(evaluation: Path, index: Index, threshold: float) -> JudgedRows:
    """Return the labelled test rows of a model.

    Parameters
    ----------
    evaluation : folder with ``predictions.parquet``, the rows of all parts in their order.
    """
    predictions = read_parquet(evaluation / "predictions.parquet")
    given = rows_of_split(predictions, SPLIT)
    is_test = pc.equal(predictions["split"].cast("string"), SPLIT).to_numpy()
    places = np.flatnonzero(is_test & pc.is_valid(predictions["label"]).to_numpy())
    ends = np.cumsum([part.rows for part in index.parts])
    parts = np.searchsorted(ends, places, side="right")
    starts = np.concatenate([[0], ends])[parts]
    return JudgedRows(
        parts, places - starts, given, predicted_classes(given.probabilities, threshold)
    )


def describe_errors(
    judged: JudgedRows,
    reviews: Sequence[Path],
    index: Index,
    threshold: float,
    costs: Mapping[str, float],
) -> dict[str, Any]:
    """Return the content of errors.json.

    Parameters
    ----------
    reviews : folders with ``reviews.parquet``, one a part.

    Returns
    -------
    dict
        ``length`` and ``file`` as :mod:`reviewflow.evaluation.error_groups` has them, the lengths
        in characters and ``file`` empty where there is one file; ``thresholds`` as
        :func:`threshold_table` has it, empty for more than two classes; ``listed``, the rows of
        mistakes.csv.
    """
    files = np.array([part.file for part in index.parts], np.int64)[judged.parts]
    names = tuple(index.file_name(number) for number in range(max(files, default=-1) + 1))
    is_wrong = judged.is_wrong
    two = judged.given.probabilities.ndim == 1 and len(is_wrong)
    return {
        "length": errors_by_length(is_wrong, text_lengths(judged, reviews)),
        "file": errors_by_file(is_wrong, files, names) if index.files else [],
        "thresholds": threshold_table(judged.given, threshold, costs) if two else [],
        "listed": min(int(is_wrong.sum()), MOST_LISTED),
    }


def text_lengths(judged: JudgedRows, reviews: Sequence[Path]) -> NDArray[np.int64]:
    """Return the characters of each text, int64, shape (N,)."""
    lengths = np.zeros(len(judged.rows), np.int64)
    for part in np.unique(judged.parts):
        mine = judged.parts == part
        texts = read_parquet(reviews[part] / "reviews.parquet", columns=["text"])["text"]
        lengths[mine] = pc.utf8_length(texts.take(judged.rows[mine])).to_numpy()
    return lengths


def write_mistakes(
    path: Path, judged: JudgedRows, reviews: Sequence[Path], index: Index, names: Sequence[str]
) -> None:
    """Write the wrong rows as CSV, the surest first, at most ``MOST_LISTED``.

    The columns are ``record`` (in the file, the header being 1), ``file`` (where there are
    several), ``label``, ``predicted``, ``probability`` (of the predicted class) and ``text``. No
    cell is a formula.
    """
    wrong, confidence = np.flatnonzero(judged.is_wrong), judged.confidence
    chosen = wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST_LISTED]
    columns = ["record", *(["file"] if index.names_files else [])]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, "label", "predicted", "probability", "text"])
        for place, text in zip(chosen.tolist(), _texts(judged, chosen, reviews), strict=True):
            part, row = int(judged.parts[place]), int(judged.rows[place])
            where: list[int | str] = [index.record(part, row)]
            if index.names_files:
                where.append(no_formula(index.file_name(index.parts[part].file)))
            label, predicted = int(judged.given.labels[place]), int(judged.predicted[place])
            odds = f"{confidence[place]:.4f}"
            words = (names[label], names[predicted], odds, text)
            writer.writerow([*where, *map(no_formula, words)])


def no_formula(text: str) -> str:
    """Return a cell that no spreadsheet computes: ``'=1+1`` for ``=1+1``.

    These are the first characters that OWASP lists under CSV injection.
    """
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def _texts(judged: JudgedRows, chosen: NDArray[np.int64], reviews: Sequence[Path]) -> Iterator[str]:
    """Yield the texts of some rows in their order."""
    found: dict[int, str] = {}
    for part in np.unique(judged.parts[chosen]):
        mine = chosen[judged.parts[chosen] == part]
        texts = read_parquet(reviews[part] / "reviews.parquet", columns=["text"])["text"]
        own = texts.take(judged.rows[mine]).to_pylist()
        found.update(zip(mine.tolist(), own, strict=True))
    yield from (found[place] for place in chosen.tolist())
