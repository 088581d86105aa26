"""Load the features of all parts as one CSR matrix a split.

features.parquet  features.parquet  …      lists ─▶ CSR views, one part at a time
       └─────────────────┴──────────▶ train:      indptr indices values labels
                                      validation: indptr indices values labels
                                      test:       indptr indices values labels
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.errors import StoreError
from reviewflow.reviews.split import SPLITS
from reviewflow.store.parquet import read_parquet

_LOADING = Lock()  # variants start side by side: one loads, and the others wait for it


@dataclass(frozen=True)
class SparseRows:
    """N sparse rows over V terms in CSR form, with their labels.

    Attributes
    ----------
    indptr : int64, shape (N + 1,). The entries of row i are ``indptr[i]:indptr[i + 1]``.
    indices : int32, shape (E,), terms, ascending in each row.
    values : float32, shape (E,), within [0, 1].
    labels : float32, shape (N,), classes from 0.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: NDArray[np.float32]
    labels: NDArray[np.float32]

    @property
    def rows(self) -> int:
        """N, the number of rows."""
        return len(self.labels)


@dataclass(frozen=True)
class FeatureDataset:
    """The labelled rows of each split over the same ``terms`` features."""

    train: SparseRows
    validation: SparseRows
    test: SparseRows
    terms: int


@dataclass(frozen=True)
class Part:
    """The rows of one part in order, as read-only views of the file's columns.

    Attributes
    ----------
    indptr, indices, values : CSR arrays as in :class:`SparseRows`.
    labels : float32, shape (N,), NaN where the row has no label.
    split : int8, shape (N,), position in :data:`reviewflow.reviews.split.SPLITS`.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: NDArray[np.float32]
    labels: NDArray[np.float32]
    split: NDArray[np.int8]


def load_dataset(parts: tuple[Path, ...], terms: int) -> FeatureDataset:
    """Return the labelled rows of all parts, in the order of the parts.

    The last two datasets are cached, so variants that train side by side share one. Its arrays
    must not be written to.

    Parameters
    ----------
    parts : artifact folder of each part, with ``features.parquet``.
    terms : V, the number of terms in the vocabulary.

    Raises
    ------
    StoreError
        If a row names a term beyond the vocabulary.
    """
    states = tuple((part / "features.parquet").stat() for part in parts)
    with _LOADING:
        return _load(parts, terms, tuple((state.st_mtime_ns, state.st_size) for state in states))


@lru_cache(maxsize=2)
def _load(
    parts: tuple[Path, ...], terms: int, states: tuple[tuple[int, int], ...]
) -> FeatureDataset:
    """Load once for all variants, and again if the files' ``states`` differ."""
    most = sum(_entries(part) for part in parts)
    builders = [_RowsBuilder(most) for _ in SPLITS]
    for folder in parts:
        part = read_part(folder, terms)
        labelled = ~np.isnan(part.labels)
        for number, builder in enumerate(builders):
            builder.append(part, labelled & (part.split == number))
    train, validation, test = (builder.build() for builder in builders)
    return FeatureDataset(train, validation, test, terms)


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
    labels = pc.fill_null(table["label"].cast(pa.float32()), float("nan")).to_numpy()
    words = table["split"].cast(pa.string())
    split = pc.index_in(words, pa.array(SPLITS)).to_numpy().astype(np.int8)
    return Part(indptr, indices, values, labels, split)


class _RowsBuilder:
    """A CSR matrix that grows part by part inside arrays of the final size.

    The arrays have room for all entries of all parts. Pages that are never written to take no
    memory.
    """

    def __init__(self, most: int) -> None:
        self.indices = np.empty(most, np.int32)
        self.values = np.empty(most, np.float32)
        self.filled = 0
        self.lengths: list[NDArray[np.int64]] = []
        self.labels: list[NDArray[np.float32]] = []

    def append(self, part: Part, rows: NDArray[np.bool_]) -> None:
        lengths = np.diff(part.indptr)
        entries = np.repeat(rows, lengths)
        end = self.filled + int(lengths[rows].sum())
        self.indices[self.filled : end] = part.indices[entries]
        self.values[self.filled : end] = part.values[entries]
        self.filled = end
        self.lengths.append(lengths[rows])
        self.labels.append(part.labels[rows])

    def build(self) -> SparseRows:
        ends = np.cumsum(np.concatenate([np.zeros(1, np.int64), *self.lengths]))
        labels = np.concatenate([np.zeros(0, np.float32), *self.labels])
        return SparseRows(ends, self.indices[: self.filled], self.values[: self.filled], labels)


def _list_arrays(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return offsets and items of a list column.

    The items are a view if the file has one row group.
    """
    lists = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
    offsets = lists.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0], lists.flatten().to_numpy()


def _entries(part: Path) -> int:
    """Return a bound of a part's entries, since the file counts empty lists."""
    metadata = pq.read_metadata(part / "features.parquet")
    column = metadata.schema.names.index("element")
    groups = (metadata.row_group(group) for group in range(metadata.num_row_groups))
    return sum(group.column(column).num_values for group in groups)
