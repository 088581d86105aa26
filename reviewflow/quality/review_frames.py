"""The reviews as Great Expectations sees them: lengths and flags, never a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reviewflow.quality.frames import (
    LABEL_COLUMNS,
    Frame,
    equals,
    floats,
    joined,
    label_frame,
    split_words,
)

REVIEW_COLUMNS = {
    "rows": ("characters", "blank", "label", "duplicate", "crosses_split", "split"),
    "labels": LABEL_COLUMNS,
}


def review_frames(
    reviews: Sequence[pa.Table],
    splits: Sequence[pa.Table],
    review_name: Callable[[int, int], dict[str, Any]],
) -> dict[str, Frame]:
    """The frames of :data:`REVIEW_COLUMNS`.

    Parameters
    ----------
    reviews : a table a part: ``text``, ``label``, ``text_hash``, ``characters``; where a column
        ``blank`` stands in for ``text``, the text has been looked at already.
    splits : a table a part: ``split``, train or test for each of its rows.
    review_name : what a person calls a row of a part: ``{"record": 17}``.

    Returns
    -------
    dict
        ``rows``: one row a review. ``characters`` int64; ``blank`` bool, no text but white space;
        ``label`` float64, NaN where there is none; ``duplicate`` bool, the text occurred
        before; ``crosses_split`` bool, the same text is a training and a test row; ``split``.
        ``labels``: see :func:`reviewflow.quality.frames.label_frame`.
    """
    import pandas as pd

    blank = joined([part["blank"].to_numpy() for part in reviews], np.bool_)
    label = joined([floats(part["label"]) for part in reviews], np.float64)
    is_train = joined([equals(part["split"], "train") for part in splits], np.bool_)
    hashes = joined([part["text_hash"].to_numpy() for part in reviews], np.uint64)
    duplicate, crosses = _repeats(hashes, is_train, blank)
    table = pd.DataFrame(
        {
            "characters": joined([floats(part["characters"]) for part in reviews], np.float64),
            "blank": blank,
            "label": label,
            "duplicate": duplicate,
            "crosses_split": crosses,
            "split": split_words(is_train),
        }
    )
    starts = np.cumsum([0, *(part.num_rows for part in reviews)])

    def row_name(row: int) -> dict[str, Any]:
        part = int(np.searchsorted(starts, row, side="right")) - 1
        return review_name(part, row - int(starts[part]))

    return {"rows": Frame(table, row_name), "labels": label_frame(label, is_train)}


def _repeats(
    hashes: npt.NDArray[np.uint64],
    is_train: npt.NDArray[np.bool_],
    blank: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which texts occurred before, and which stand on both sides of the split.

    Blank texts are no copies of each other: they have an expectation of their own.
    """
    distinct, first, of_row = np.unique(hashes, return_index=True, return_inverse=True)
    duplicate = first[of_row] != np.arange(len(hashes))
    train_rows = np.bincount(of_row, weights=is_train, minlength=len(distinct))
    test_rows = np.bincount(of_row, weights=~is_train, minlength=len(distinct))
    crosses = ((train_rows > 0) & (test_rows > 0))[of_row]
    return duplicate & ~blank, crosses & ~blank
