"""Read the features of one part.

features.parquet ─▶ CSR arrays (views), labels, splits
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.errors import StoreError
from reviewflow.reviews.split import SPLITS
from reviewflow.store.parquet import read_parquet


@dataclass(frozen=True)
class Part:
    """The rows of one part in order, as read-only views of the file's columns.

    Attributes
    ----------
    indptr, indices, values : CSR arrays as in :class:`~reviewflow.features.sparse_rows.SparseRows`.
    labels : float32, shape (N,), NaN where the row has no label.
    split : int8, shape (N,), position in :data:`reviewflow.reviews.split.SPLITS`.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: NDArray[np.float32]
    labels: NDArray[np.float32]
    split: NDArray[np.int8]


def read_part(folder: Path, terms: int) -> Part:
    """Return all rows of one part, those without a label included.

    Raises
    ------
    StoreError
        If a row names a term beyond the vocabulary.
    """
    table = read_parquet(folder / "features.parquet").combine_chunks()
    indptr, indices = _list_arrays(table["indices"])
    _, values = _list_arrays(table["values"])
    if len(indices) and not 0 <= indices.min() <= indices.max() < terms:
        raise StoreError(
            f"The features in {folder} name term {indices.max()}, but the vocabulary has {terms} "
            "terms; make both again with --refresh vectorize."
        )
    return Part(indptr, indices, values, *_labels_and_split(table))


def read_labels(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return labels and splits of the rows of one part, as in Part."""
    return _labels_and_split(read_parquet(folder / "features.parquet", ["label", "split"]))


def entries_of(folder: Path) -> int:
    """Return a bound of a part's entries, since the file counts empty lists."""
    metadata = pq.read_metadata(folder / "features.parquet")
    column = metadata.schema.names.index("element")
    groups = (metadata.row_group(group) for group in range(metadata.num_row_groups))
    return sum(group.column(column).num_values for group in groups)


def rows_of(folder: Path) -> int:
    """Return the rows of a part, by the header of its file."""
    return int(pq.read_metadata(folder / "features.parquet").num_rows)


def _labels_and_split(table: pa.Table) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    labels = pc.fill_null(table["label"].cast(pa.float32()), float("nan")).to_numpy()
    words = table["split"].cast(pa.string())
    return labels, pc.index_in(words, pa.array(SPLITS)).to_numpy().astype(np.int8)


def _list_arrays(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return offsets and items of a list column.

    The items are a view if the file has one row group.
    """
    lists = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
    offsets = lists.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0], lists.flatten().to_numpy()
