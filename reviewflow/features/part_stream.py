"""Sparse rows that stay on the disk, and are read a few parts at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reviewflow.features.feature_parts import entries_of, read_part
from reviewflow.features.sparse_rows import RowsBuilder, SparseRows


@dataclass(frozen=True)
class PartStream:
    """N labelled rows of one split in P parts.

    Attributes
    ----------
    folders : of each part, with ``features.parquet``.
    terms : V, the number of terms in the vocabulary.
    kept : of each part, which of its rows belong to the stream, bool, shape (rows of the part,).
    labels : float32, shape (N,), classes from 0.
    buffer : rows to hold in memory at a time.
    """

    folders: tuple[Path, ...]
    terms: int
    kept: tuple[NDArray[np.bool_], ...]
    labels: NDArray[np.float32]
    buffer: int

    @property
    def rows(self) -> int:
        """N, the number of rows."""
        return len(self.labels)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Rows of each part, int64, shape (P,)."""
        return np.array([np.count_nonzero(rows) for rows in self.kept], np.int64)

    def pieces(self) -> Iterator[SparseRows]:
        """Yield the rows in order, as many parts at a time as fit the buffer."""
        for numbers in self.groups(range(len(self.folders))):
            yield self.read(numbers)

    def groups(self, numbers: Sequence[int]) -> Iterator[list[int]]:
        """Yield parts in groups of about ``buffer`` rows, in their order."""
        group: list[int] = []
        held = 0
        for number in numbers:
            if group and held + self.sizes[number] > self.buffer:
                yield group
                group, held = [], 0
            if self.sizes[number]:
                group.append(number)
                held += int(self.sizes[number])
        if group:
            yield group

    def read(self, numbers: Sequence[int], before: SparseRows | None = None) -> SparseRows:
        """Return the rows of some parts, after those that came before.

        Raises
        ------
        StoreError
            If a row names a term beyond the vocabulary.
        """
        most = sum(entries_of(self.folders[number]) for number in numbers)
        builder = RowsBuilder(most + (len(before.indices) if before else 0))
        if before:
            builder.append(before, np.ones(before.rows, np.bool_))
        for number in numbers:
            builder.append(read_part(self.folders[number], self.terms), self.kept[number])
        return builder.build()

    def subset(self, rows: NDArray[np.int64]) -> PartStream:
        """Return a stream of some rows, given by their ascending positions."""
        chosen = np.zeros(self.rows, np.bool_)
        chosen[rows] = True
        kept, start = [], 0
        for mask, size in zip(self.kept, self.sizes.tolist(), strict=True):
            mask = mask.copy()
            mask[mask] = chosen[start : start + size]
            kept.append(mask)
            start += size
        return replace(self, kept=tuple(kept), labels=self.labels[rows])

    def take(self, rows: NDArray[np.int64]) -> SparseRows:
        """Return some rows, given by their ascending positions, in memory."""
        some = self.subset(rows)
        found = []
        for number in np.flatnonzero(some.sizes).tolist():
            part = some.read([number])
            found.append(part.take(np.arange(part.rows)))  # a copy, so that the part can go
        builder = RowsBuilder(sum(len(each.indices) for each in found))
        for each in found:
            builder.append(each, np.ones(each.rows, np.bool_))
        return builder.build()
