"""Give the rows of the reviews' files by part, in as few passes as can be.

files ─ cut ─▶ (PartInfo, rows) … ─┬─▶ Index, cached while the files stay the same
                                   └─▶ rows of new parts, kept in memory ─▶ source.rows(part)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from reviewflow.errors import InputError
from reviewflow.reviews.classes import find_labels
from reviewflow.reviews.parts import Index, PartInfo, cut

if TYPE_CHECKING:
    import pyarrow as pa

    from reviewflow.config.sections import Ingest

KEPT_BYTES = 128 << 20
PASSED_BYTES = 32 << 20  # several threads ask for neighbouring parts in any order


class ReviewSource:
    """The index of the parts, and the rows of each.

    Rows come from memory where they were read for the index, else from the files, which are
    streamed: parts that are asked for in ascending order cost one pass, and a part before the
    last one read costs a pass from the front. One part is in memory at a time, beside those that
    are kept. Threads may share a source. A pickled source keeps neither rows nor open files.

    Parameters
    ----------
    ingest : how the files are read.
    split_column : name of the column that says train or test; None if it is not read.
    index : the parts that the files had when they were read.
    kept : rows by part. Whoever asks for them takes them out.
    """

    def __init__(
        self,
        ingest: Ingest,
        split_column: str | None,
        index: Index,
        kept: Mapping[int, pa.Table] | None = None,
    ) -> None:
        self.index = index
        self._ingest = with_labels(ingest, index.labels)
        self._split_column = split_column
        self._kept: dict[int, pa.Table] = dict(kept or {})
        self._passed: dict[int, pa.Table] = {}
        self._stream: Iterator[tuple[PartInfo, pa.Table]] | None = None
        self._next_part = 0
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[ReviewSource], tuple[Ingest, str | None, Index]]:
        return ReviewSource, (self._ingest, self._split_column, self.index)

    @property
    def kept_parts(self) -> tuple[int, ...]:
        """The parts whose rows were kept when the index was read, ascending."""
        return tuple(self._kept)

    def digests(self, part: int) -> Mapping[str, str]:
        """Return the digest of each column of a part."""
        return self.index.parts[part].digests

    def rows(self, part: int) -> pa.Table:
        """Return the rows of a part.

        Returns
        -------
        Table of ``text`` string, ``label`` int8 (null where the cell was empty) and, where they
        are read, ``split`` and ``group`` string.

        Raises
        ------
        InputError
            If the files cannot be read, or no longer hold the parts of the index.
        """
        if not 0 <= part < len(self.index.parts):
            raise IndexError(f"part {part} of {len(self.index.parts)} parts")
        with self._lock:
            for in_memory in (self._kept, self._passed):
                if part in in_memory:
                    return in_memory.pop(part)
            return self._read(part)

    def close(self) -> None:
        """Free the rows in memory and close the file. A later read opens it again."""
        with self._lock:
            self._kept.clear()
            self._passed.clear()
            self._stream = None

    def _read(self, part: int) -> pa.Table:
        """Stream the files up to the end of a part."""
        if part < self._next_part:
            self._stream = None
        while True:
            number, rows = self._next_rows()
            if number == part:
                return rows
            self._passed[number] = rows
            while sum(table.nbytes for table in self._passed.values()) > PASSED_BYTES:
                self._passed.pop(next(iter(self._passed)))

    def _next_rows(self) -> tuple[int, pa.Table]:
        """Return the number and the rows of the next part of the stream."""
        if self._stream is None:
            self._stream, self._next_part = cut(self._ingest, self._split_column), 0
        stream, number = self._stream, self._next_part
        self._stream = None  # an error ends the stream
        piece = next(stream, None)
        is_last = number + 1 == len(self.index.parts)
        if piece is None or piece[0].digests != self.digests(number):
            raise _change_error()
        if is_last and next(stream, None) is not None:
            raise _change_error()
        self._stream, self._next_part = (None, 0) if is_last else (stream, number + 1)
        return number, piece[1]


def open_source(ingest: Ingest, split_column: str | None, cache_folder: Path) -> ReviewSource:
    """Return a source whose index is read from the cache, or from the files.

    Where the files are read, the source keeps the rows of the parts that were not there when they
    were read last, unless they take more than ``KEPT_BYTES``.

    Parameters
    ----------
    cache_folder : keeps the index for as long as the files stay the same.

    Raises
    ------
    InputError
        If a file cannot be read as the settings say.
    """
    from reviewflow.reviews.index_cache import (
        cache_index,
        cache_key,
        cached_index,
        last_cached_index,
    )

    key = cache_key(ingest, split_column)
    cached = cached_index(cache_folder, key)
    if cached is not None:
        return ReviewSource(ingest, split_column, Index.from_json(cached))
    last = last_cached_index(cache_folder, key)
    before = {_digests_of(part) for part in Index.from_json(last).parts} if last else set()
    kept: dict[int, pa.Table] = {}
    labels = find_labels(ingest)
    pieces = _keep_new_rows(cut(with_labels(ingest, labels), split_column), before, kept)
    index = Index(tuple(part for part, _ in pieces), labels)
    if cache_key(ingest, split_column) == key:
        cache_index(cache_folder, key, index.to_json())
    return ReviewSource(ingest, split_column, index, kept)


def with_labels(ingest: Ingest, labels: Mapping[str, int]) -> Ingest:
    """Return the settings with the label words that ``auto`` has found."""
    if ingest.labels != "auto":
        return ingest
    return ingest.model_copy(update={"labels": dict(labels)})


def _keep_new_rows(
    pieces: Iterator[tuple[PartInfo, pa.Table]],
    before: set[frozenset[tuple[str, str]]],
    kept: dict[int, pa.Table],
) -> Iterator[tuple[PartInfo, pa.Table]]:
    """Yield the same pieces, and keep the rows of parts not in ``before``."""
    room = KEPT_BYTES
    for number, (part, rows) in enumerate(pieces):
        if room >= 0 and _digests_of(part) not in before:
            kept[number] = rows
            room -= rows.nbytes
        if room < 0:
            kept.clear()
        yield part, rows


def _digests_of(part: PartInfo) -> frozenset[tuple[str, str]]:
    return frozenset(part.digests.items())


def _change_error() -> InputError:
    return InputError("The reviews' file changed while it was read; run again.")
