"""Make the frames of the reviews: lengths and flags, never a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reviewflow.quality.frames import (
    LABEL_COLUMNS,
    Frame,
    concatenate,
    equals,
    floats,
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
    """Return the frames of :data:`REVIEW_COLUMNS`.

    Parameters
    ----------
    reviews : a table a part: ``blank`` (whether the text is), ``label``, ``text_hash`` and
        ``characters``.
    splits : a table a part: ``split``, train or test for each of its rows.
    review_name : names a row of a part for people: ``{"record": 17}``.

    Returns
    -------
    dict
        ``rows`` has one row a review: ``characters`` float64; ``blank`` bool, the text is missing
        or only white space; ``label`` float64, NaN where there is none; ``duplicate`` bool, the
        text occurred before; ``crosses_split`` bool, the same text is a training and a test row;
        ``split``. ``labels``: see :func:`reviewflow.quality.frames.label_frame`.
    """
    import pandas as pd

    blank = concatenate([part["blank"].to_numpy() for part in reviews], np.bool_)
    label = concatenate([floats(part["label"]) for part in reviews], np.float64)
    is_train = concatenate([equals(part["split"], "train") for part in splits], np.bool_)
    hashes = concatenate([part["text_hash"].to_numpy() for part in reviews], np.uint64)
    duplicate, crosses = _repeats(hashes, is_train, blank)
    table = pd.DataFrame(
        {
            "characters": concatenate([floats(part["characters"]) for part in reviews], np.float64),
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
    """Return which texts occurred before, and which cross the split.

    Blank texts do not count as copies, since they have an expectation of their own.
    """
    distinct, first, of_row = np.unique(hashes, return_index=True, return_inverse=True)
    duplicate = first[of_row] != np.arange(len(hashes))
    train_rows = np.bincount(of_row, weights=is_train, minlength=len(distinct))
    test_rows = np.bincount(of_row, weights=~is_train, minlength=len(distinct))
    crosses = ((train_rows > 0) & (test_rows > 0))[of_row]
    return duplicate & ~blank, crosses & ~blank
