"""Read a model's ``predictions.parquet``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewflow.store.parquet import read_parquet


@dataclass(frozen=True)
class LabelledRows:
    """The N labelled rows of a split, with a model's predictions.

    Attributes
    ----------
    labels : int8, shape (N,), 0 to K − 1.
    probabilities : float32; of two classes that of class 1, shape (N,), of more one a class,
        shape (N, K). NaN where the network diverged.
    """

    labels: NDArray[np.int8]
    probabilities: NDArray[np.float32]


def read_labelled_rows(folder: Path, split: str) -> LabelledRows:
    """Return the labelled rows of one split, in the order of the file."""
    return rows_of_split(read_parquet(folder / "predictions.parquet"), split)


def rows_of_split(predictions: pa.Table, split: str) -> LabelledRows:
    """Return the labelled rows of one split of a table of predictions."""
    mine = pc.equal(predictions["split"].cast(pa.string()), split)
    rows = predictions.filter(pc.and_(mine, pc.is_valid(predictions["label"])))
    labels = rows["label"].to_numpy().astype(np.int8)
    return LabelledRows(labels, _probability_array(rows["probability"]))


def _probability_array(column: Any) -> NDArray[np.float32]:
    """Return numbers as (N,), and lists of K numbers as (N, K)."""
    if not pa.types.is_list(column.type):
        return np.asarray(column.to_numpy())
    lists = column.combine_chunks()
    values = lists.flatten().to_numpy()
    return np.asarray(values).reshape(len(lists), -1 if len(lists) else 0)
