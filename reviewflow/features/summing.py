"""Add up counts of n-grams, in memory or by way of the disk.

pieces ─▶ sum                                             few rows
pieces ─▶ files ─▶ a range of keys: sum ─▶ candidates ─┐  more
the next range:  sum ─▶ candidates ─┴▶ end to end
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from reviewflow.features.merging import merge_counts


@dataclass(frozen=True)
class Counts:
    """Counts of K n-grams of one length, sorted by key.

    Attributes
    ----------
    keys : int64, shape (K,), strictly ascending. Id of the shorter n-gram × number of tokens +
        id of the last token. The key of a single token is its id.
    counts, frequencies : int64, shape (K,), occurrences, and documents that have the n-gram.
    """

    keys: NDArray[np.int64]
    counts: NDArray[np.int64]
    frequencies: NDArray[np.int64]

    def select(self, rows: NDArray[np.bool_]) -> Counts:
        """Return the n-grams where ``rows``, a mask of shape (K,), is true."""
        return Counts(self.keys[rows], self.counts[rows], self.frequencies[rows])

    def renumber(self) -> Counts:
        """Return the same counts with the keys 0, 1, 2 and so on."""
        keys = np.arange(len(self.keys), dtype=np.int64)
        return Counts(keys, self.counts, self.frequencies)


Candidates = Callable[[Counts], NDArray[np.bool_]]  # which n-grams may be terms or begin some


def sum_counts(pieces: Iterable[Counts]) -> Counts:
    """Return the sum of all pieces.

    Pieces of similar size are added first, so that each n-gram is copied log(parts) times.
    """
    sums: list[Counts] = []
    for piece in pieces:
        sums.append(piece)
        while len(sums) > 1 and len(sums[-2].keys) <= 2 * len(sums[-1].keys):
            sums.append(_add(sums.pop(), sums.pop()))
    nothing = np.zeros(0, np.int64)
    total = Counts(nothing, nothing, nothing)
    while sums:
        total = _add(total, sums.pop())
    return total


def sum_by_ranges(
    pieces: Iterable[Counts], bounds: NDArray[np.int64], candidates: Candidates, folder: Path
) -> Counts:
    """Return the candidates among the sums of all pieces.

    The pieces are written to the disk. In memory is one of them, or the sum of one range of keys.

    Parameters
    ----------
    bounds : int64, shape (R + 1,), ascending, where the R ranges of keys begin and end.
    candidates : says of the sum of a range which n-grams stay.
    folder : where a temporary folder is made, and removed again.
    """
    with TemporaryDirectory(dir=folder) as temporary:
        files = [
            _write(piece, bounds, Path(temporary, str(number)))
            for number, piece in enumerate(pieces)
        ]
        sums = []
        for number in range(len(bounds) - 1):
            total = sum_counts(_read(file, number) for file in files)
            sums.append(total.select(candidates(total)))
    return Counts(
        np.concatenate([each.keys for each in sums]),
        np.concatenate([each.counts for each in sums]),
        np.concatenate([each.frequencies for each in sums]),
    )


@dataclass(frozen=True)
class _File:
    """Counts on the disk: keys, counts and frequencies, one after the other.

    Attributes
    ----------
    ends : int64, shape (R + 1,), position of the first key of each range.
    """

    path: Path
    rows: int
    ends: NDArray[np.int64]


def _write(piece: Counts, bounds: NDArray[np.int64], path: Path) -> _File:
    with path.open("wb") as file:
        for column in (piece.keys, piece.counts, piece.frequencies):
            column.tofile(file)
    return _File(path, len(piece.keys), np.searchsorted(piece.keys, bounds))


def _read(file: _File, number: int) -> Counts:
    """Return the counts of one range of keys."""
    begin, end = file.ends[number : number + 2].tolist()
    columns = (
        np.fromfile(file.path, np.int64, end - begin, offset=8 * (column * file.rows + begin))
        for column in range(3)
    )
    return Counts(*columns)


def _add(one: Counts, other: Counts) -> Counts:
    sums = merge_counts(
        one.keys, one.counts, one.frequencies, other.keys, other.counts, other.frequencies
    )
    return Counts(*sums)
