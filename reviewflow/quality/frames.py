"""Make the tables that expectations see: derived figures, never the texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from reviewflow.reviews.split import SPLITS, VALIDATION

if TYPE_CHECKING:
    import pandas as pd

LABEL_COLUMNS = ("label", "split", "rows", "share", "split_rows", "even_rows", "balance")


@dataclass(frozen=True)
class Frame:
    """A table for Great Expectations and the names of its rows for people.

    Attributes
    ----------
    table : only numbers, booleans and the names of splits, since Data Docs show values unescaped.
        Its index is 0, 1 and so on.
    row_name : names the row at a position for people: ``{"record": 17}``.
    """

    table: pd.DataFrame
    row_name: Callable[[int], dict[str, Any]]


def label_frame(
    labels: npt.NDArray[np.float64], splits: npt.NDArray[np.int8], class_names: Sequence[str]
) -> Frame:
    """Return rows and share of each class among the rows of each split.

    Parameters
    ----------
    labels : shape (N,), float64, NaN where a row has no label.
    splits : shape (N,), int8, position in SPLITS.
    class_names : the words of each class, K of them, which name a row for people.

    Returns
    -------
    Frame
        One row for each class and split: train, validation where there are such rows, test and
        all. A class that does not occur has 0 rows. Labels that are none of the classes and rows
        without a label do not count, since expectations on rows see them. ``even_rows`` is what
        each class would have if all had the same, and ``balance`` the rows in units of it. Where a
        split has no labelled row, ``share`` and ``balance`` are missing.
    """
    import pandas as pd

    inside = {name: splits == code for code, name in enumerate(SPLITS)}
    if not inside[SPLITS[VALIDATION]].any():
        del inside[SPLITS[VALIDATION]]
    inside["all"] = np.ones_like(splits, np.bool_)
    classes = len(class_names)
    rows = [
        row for name, chosen in inside.items() for row in _class_rows(labels[chosen], classes, name)
    ]

    def row_name(row: int) -> dict[str, Any]:
        label = rows[row]["label"]
        figures = {name: rows[row][name] for name in ("split", "rows", "share")}
        return {"label": label, "class": class_names[label], **figures}

    return Frame(pd.DataFrame(rows, columns=list(LABEL_COLUMNS)), row_name)


def _class_rows(labels: npt.NDArray[np.float64], classes: int, split: str) -> list[dict[str, Any]]:
    """Return the figures of each class among the rows of one split."""
    known = labels[~outside_classes(labels, classes) & ~np.isnan(labels)]
    counts = np.bincount(known.astype(np.int64), minlength=classes).tolist()
    total = len(known)
    even = total / classes if classes else 0.0
    return [
        {
            "label": label,
            "split": split,
            "rows": count,
            "share": count / total if total else float("nan"),
            "split_rows": total,
            "even_rows": even,
            "balance": count / even if total else float("nan"),
        }
        for label, count in enumerate(counts)
    ]


def outside_classes(labels: npt.NDArray[np.float64], classes: int) -> npt.NDArray[np.bool_]:
    """Return which labels are outside 0 to K − 1, bool (N,). NaN is not."""
    outside: npt.NDArray[np.bool_] = (labels < 0) | (labels >= classes)
    return outside


def floats(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Return a column of numbers as float64, shape (N,), NaN for null."""
    values: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return values


def split_codes(column: pa.ChunkedArray) -> npt.NDArray[np.int8]:
    """Return each cell's position in SPLITS, int8 (N,), −1 for other words."""
    codes = pc.index_in(column.cast(pa.string()), value_set=pa.array(SPLITS))
    values: npt.NDArray[np.int8] = pc.fill_null(codes, -1).to_numpy().astype(np.int8)
    return values


def concatenate(pieces: Sequence[npt.NDArray[Any]], dtype: type[np.generic]) -> npt.NDArray[Any]:
    """Return the pieces end to end, as an empty array if there are none."""
    return np.concatenate([np.empty(0, dtype), *pieces])


def split_words(splits: npt.NDArray[np.int8]) -> pd.Categorical[str]:
    """Return the names of splits, shape (N,), for a column of a frame."""
    import pandas as pd

    return pd.Categorical.from_codes(splits, pd.Index(SPLITS))
