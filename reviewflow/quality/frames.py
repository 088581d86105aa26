"""Make the tables that expectations see: derived figures, never the texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import pandas as pd

LABELS = (0, 1)
SPLITS = ("train", "test", "all")
LABEL_COLUMNS = ("label", "split", "rows", "share", "split_rows")


@dataclass(frozen=True)
class Frame:
    """A table for Great Expectations and the names of its rows for people.

    Attributes
    ----------
    table : only numbers, booleans and the words train, test and all, since Data Docs show values
        unescaped. Its index is 0, 1 and so on.
    row_name : names the row at a position for people: ``{"record": 17}``.
    """

    table: pd.DataFrame
    row_name: Callable[[int], dict[str, Any]]


def label_frame(labels: npt.NDArray[np.float64], is_train: npt.NDArray[np.bool_]) -> Frame:
    """Return rows and share of each label among training, test and all rows.

    Parameters
    ----------
    labels : shape (N,), float64, NaN where a row has no label.
    is_train : shape (N,), bool.

    Returns
    -------
    Frame
        Six rows, one a label (0, 1) and split. A label that does not occur has share 0. Other
        labels and rows without one do not count, since expectations on rows see them. Where a
        split has no labelled row the shares are missing.
    """
    import pandas as pd

    inside = {"train": is_train, "test": ~is_train, "all": np.ones_like(is_train)}
    rows: list[dict[str, Any]] = []
    for split in SPLITS:
        counts = [int(np.count_nonzero(inside[split] & (labels == label))) for label in LABELS]
        total = sum(counts)
        rows += [
            {
                "label": label,
                "split": split,
                "rows": count,
                "share": count / total if total else float("nan"),
                "split_rows": total,
            }
            for label, count in zip(LABELS, counts, strict=True)
        ]
    return Frame(
        pd.DataFrame(rows, columns=list(LABEL_COLUMNS)),
        lambda row: {name: rows[row][name] for name in ("label", "split", "rows")},
    )


def floats(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Return a column of numbers as float64, shape (N,), NaN for null."""
    values: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return values


def equals(column: pa.ChunkedArray, word: str) -> npt.NDArray[np.bool_]:
    """Return which cells of a column are ``word``, shape (N,). Null is not."""
    same = pc.fill_null(pc.equal(column.cast(pa.string()), word), False)
    values: npt.NDArray[np.bool_] = same.to_numpy()
    return values


def concatenate(pieces: Sequence[npt.NDArray[Any]], dtype: type[np.generic]) -> npt.NDArray[Any]:
    """Return the pieces end to end, as an empty array if there are none."""
    return np.concatenate([np.empty(0, dtype), *pieces])


def split_words(is_train: npt.NDArray[np.bool_]) -> pd.Categorical[str]:
    """Return the words train and test, shape (N,), for a column of a frame."""
    import pandas as pd

    return pd.Categorical.from_codes(is_train.astype(np.int64), pd.Index(["test", "train"]))
