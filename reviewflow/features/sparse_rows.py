"""Sparse rows with labels, whole in memory.

CSR arrays of parts ─ RowsBuilder ─▶ SparseRows ─ take ─▶ SparseRows of some rows
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from reviewflow.features.feature_parts import Part


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

    def pieces(self) -> Iterator[SparseRows]:
        """Yield all rows at once."""
        yield self

    def take(self, rows: NDArray[np.int64]) -> SparseRows:
        """Return some rows, given by their ascending positions."""
        lengths = np.diff(self.indptr)
        chosen = np.zeros(self.rows, np.bool_)
        chosen[rows] = True
        entries = np.repeat(chosen, lengths)
        ends = np.cumsum(np.concatenate([np.zeros(1, np.int64), lengths[rows]]))
        return SparseRows(ends, self.indices[entries], self.values[entries], self.labels[rows])

    def subset(self, rows: NDArray[np.int64]) -> SparseRows:
        """Return some rows, given by their ascending positions."""
        return self.take(rows)


class RowsBuilder:
    """Rows that grow part by part inside arrays of the final size.

    Pages of the arrays that are never written to take no memory.

    Parameters
    ----------
    most : entries for which there is room.
    """

    def __init__(self, most: int) -> None:
        self.indices = np.empty(most, np.int32)
        self.values = np.empty(most, np.float32)
        self.filled = 0
        self.lengths: list[NDArray[np.int64]] = []
        self.labels: list[NDArray[np.float32]] = []

    def append(self, part: Part | SparseRows, rows: NDArray[np.bool_]) -> None:
        """Add the rows of a part that a mask chooses."""
        lengths = np.diff(part.indptr)
        entries = np.repeat(rows, lengths)
        end = self.filled + int(lengths[rows].sum())
        self.indices[self.filled : end] = part.indices[entries]
        self.values[self.filled : end] = part.values[entries]
        self.filled = end
        self.lengths.append(lengths[rows])
        self.labels.append(part.labels[rows])

    def build(self) -> SparseRows:
        """Return all rows in the order in which they came."""
        ends = np.cumsum(np.concatenate([np.zeros(1, np.int64), *self.lengths]))
        labels = np.concatenate([np.zeros(0, np.float32), *self.labels])
        return SparseRows(ends, self.indices[: self.filled], self.values[: self.filled], labels)
