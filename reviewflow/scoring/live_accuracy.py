"""Compare predicted labels with true ones that came later.

label column ─ words ─▶ true classes ─┬─▶ confusion counts ─▶ accuracy, Wilson's interval
scores ───────────────▶ predicted ────┘                       beside the promised accuracy
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.errors import InputError
from reviewflow.evaluation.reliability import wilson_interval
from reviewflow.formatting import amount
from reviewflow.reviews.parquet_file import dictionary_of_words
from reviewflow.reviews.read import UNKNOWN_LABEL, class_of, words_and_codes

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_WORDS = 5


class LiveLabels:
    """Count true and predicted labels, block by block.

    Parameters
    ----------
    class_names : names of K classes. A class of several words has a name such as ``good/great``.
    labels : the class of each label word of the training; by default each name is a word.
    """

    def __init__(self, class_names: Sequence[str], labels: Mapping[str, int] | None = None) -> None:
        self.class_names = class_names
        self.other_rows = 0
        self.confusion = np.zeros((len(class_names), len(class_names)), np.int64)
        self.other_words: set[str] = set()
        names = {name: number for number, name in enumerate(class_names)}
        self._numbers = names if labels is None else labels

    def add(self, cells: pa.Array, predicted: NDArray[np.int64]) -> None:
        """Count cells of the label column.

        Parameters
        ----------
        cells : of N rows.
        predicted : their predicted classes, shape (N,).
        """
        words, codes = words_and_codes(dictionary_of_words(cells))
        classes = np.array([class_of(word, self._numbers) for word in words])
        self.other_words |= {str(words[at]) for at in np.flatnonzero(classes == UNKNOWN_LABEL)}
        self.other_rows += int((classes[codes] == UNKNOWN_LABEL).sum())
        self.confusion += confusion_of(classes[codes], predicted, len(self.class_names))

    def check(self, path: Path, column: str) -> None:
        """Raise InputError if there are labels, but none of the model's."""
        if self.other_words and not self.confusion.any():
            found = ", ".join(repr(word[:40]) for word in sorted(self.other_words)[:SHOWN_WORDS])
            known = ", ".join(repr(name[:40]) for name in self.class_names[:SHOWN_WORDS])
            raise InputError(
                f"{path}: column {column!r} holds {found}, and the model's labels are {known}; "
                "name the column of the true labels by --labels."
            )


def confusion_of(
    true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Return rows by true (first axis) and predicted class, shape (K, K).

    Rows whose true class is negative do not count.
    """
    known = true >= 0
    cells = true[known] * classes + predicted[known]
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def live_accuracy(
    confusion: NDArray[np.int64], content: Mapping[str, Any], other_rows: int = 0
) -> dict[str, Any]:
    """Return the accuracy on labelled rows beside the promised one.

    The promise is that of the test rows. Of a model that was chosen on them, whose figures flatter
    it, it is that of the validation rows.

    Parameters
    ----------
    confusion : rows by true and predicted class, shape (K, K).
    content : of the bundle.
    other_rows : rows whose label is none of the model's.

    Returns
    -------
    dict
        ``rows``, ``other_rows``, ``confusion``, ``accuracy`` with the ends ``low`` and ``high`` of
        Wilson's 95 % interval (None without rows), ``promised``, ``promised_low``,
        ``promised_high``, ``promised_on`` (``test`` or ``validation``), and ``fall``: by how much
        the interval lies below the promised one, 0 where they meet.
    """
    split = "validation" if content.get("chosen_on") == "test" else "test"
    promised = ((content.get("intervals") or {}).get(split) or {}).get("accuracy") or {}
    rows = int(confusion.sum())
    accuracy = low = high = None
    if rows:
        accuracy = float(np.trace(confusion) / rows)
        ends = wilson_interval(np.array([accuracy]), np.array([rows]))
        low, high = (float(np.clip(end[0], 0, 1)) for end in ends)
    bottom = promised.get("low")
    falls = high is not None and bottom is not None and high < bottom
    return {
        "rows": rows,
        "other_rows": other_rows,
        "confusion": confusion.tolist(),
        "accuracy": accuracy,
        "low": low,
        "high": high,
        "promised": promised.get("mean"),
        "promised_low": bottom,
        "promised_high": promised.get("high"),
        "promised_on": split,
        "fall": bottom - high if falls and bottom is not None and high is not None else 0.0,
    }


def live_sentence(live: Mapping[str, Any] | None) -> str:
    """Return the accuracy in words, empty where none was asked for."""
    if live is None:
        return ""
    if live["accuracy"] is None:
        return "No row has a label."
    told = f"Accuracy {_range(live['accuracy'], live['low'], live['high'])} on "
    told += amount(live["rows"], "labelled row")
    if live["other_rows"]:
        told += f" ({live['other_rows']:,} more hold other labels)"
    if live["promised"] is None:
        return f"{told}."
    rows = f"the {live['promised_on']} rows"
    promised = _range(live["promised"], live["promised_low"], live["promised_high"])
    verdict = ", which is less" if live["fall"] > 0 else ""
    return f"{told}; {rows} promised {promised}{verdict}."


def _range(mean: float, low: float, high: float) -> str:
    return f"{100 * mean:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
