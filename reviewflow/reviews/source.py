"""Give the rows of the reviews' files by part, in as few passes as can be.

file ─ cut ─▶ (PartInfo, rows) … ─┬─▶ its parts, cached while it stays the same ─▶ Index
                                  └─▶ rows of new parts, kept in memory ─▶ source.rows(part)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from reviewflow.errors import InputError
from reviewflow.reviews.classes import find_labels
from reviewflow.reviews.input_files import InputFile, file_names, input_files
from reviewflow.reviews.parts import Index, PartInfo, cut_file

if TYPE_CHECKING:
    import pyarrow as pa

    from reviewflow.config.sections import Ingest

KEPT_BYTES = 128 << 20
PASSED_BYTES = 32 << 20  # several threads ask for neighbouring parts in any order


class ReviewSource:
    """The index of the parts, and the rows of each.

    Rows come from memory where they were read for the index, else from their file, which is
    streamed: parts that are asked for in ascending order cost one pass, and a part before the
    last one read costs a pass from the front of its file. One part is in memory at a time, beside
    those that are kept. Threads may share a source. A pickled source keeps neither rows nor
    open files.

    Parameters
    ----------
    ingest : how the files are read.
    split_column : name of the column that says train or test; None if it is not read.
    index : the parts that the files had when they were read.
    kept : rows by part. Whoever asks for them takes them out.
    files : those of the index; found by the settings if they are not given.
    """

    def __init__(
        self,
        ingest: Ingest,
        split_column: str | None,
        index: Index,
        kept: Mapping[int, pa.Table] | None = None,
        files: tuple[InputFile, ...] = (),
    ) -> None:
        self.index = index
        self._files = files or input_files(ingest)
        self._ingest = with_labels(ingest, index.labels)
        self._split_column = split_column
        self._kept: dict[int, pa.Table] = dict(kept or {})
        self._passed: dict[int, pa.Table] = {}
        self._stream: Iterator[tuple[PartInfo, pa.Table]] | None = None
        self._next_part = 0
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[ReviewSource], tuple[Any, ...]]:
        return ReviewSource, (self._ingest, self._split_column, self.index, None, self._files)

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
        """Stream a file up to the end of a part."""
        first = self.index.first_part(self.index.parts[part].file)
        if self._stream is None or not first <= self._next_part <= part:
            self._stream, self._next_part = None, first
        while True:
            number, rows = self._next_rows()
            if number == part:
                return rows
            self._passed[number] = rows
            while sum(table.nbytes for table in self._passed.values()) > PASSED_BYTES:
                self._passed.pop(next(iter(self._passed)))

    def _next_rows(self) -> tuple[int, pa.Table]:
        """Return the number and the rows of the next part of the stream."""
        number = self._next_part
        file = self.index.parts[number].file
        stream = self._stream or cut_file(self._ingest, self._files[file], file, self._split_column)
        self._stream = None  # an error ends the stream
        piece = next(stream, None)
        is_last = number + 1 == self.index.first_part(file + 1)
        if piece is None or piece[0].digests != self.digests(number):
            raise _change_error(self._files[file])
        if is_last and next(stream, None) is not None:
            raise _change_error(self._files[file])
        self._stream, self._next_part = None if is_last else stream, number + 1
        return number, piece[1]


def open_source(
    ingest: Ingest,
    split_column: str | None,
    cache_folder: Path,
    files: tuple[InputFile, ...] = (),
) -> ReviewSource:
    """Return a source whose index is read from the cache, or from the files.

    Where a file is read, the source keeps the rows of the parts that were not there when it was
    read last, unless they take more than ``KEPT_BYTES`` in all.

    Parameters
    ----------
    cache_folder : keeps the parts of each file for as long as it stays the same.
    files : found by the settings if they are not given.

    Raises
    ------
    InputError
        If a file cannot be read as the settings say.
    """
    files = files or input_files(ingest)
    labels = find_labels(ingest, files, cache_folder)
    reading = _Reading(with_labels(ingest, labels), split_column, cache_folder)
    for number, file in enumerate(files):
        reading.read(file, number)
    if not reading.parts:
        raise InputError(f"The {len(files):,} files of ingest.path have headers but no rows.")
    index = make_index(tuple(reading.parts), labels, files)
    return ReviewSource(ingest, split_column, index, reading.kept, files)


def make_index(
    parts: tuple[PartInfo, ...], labels: Mapping[str, int], files: Sequence[InputFile]
) -> Index:
    """Return the index of the parts of files."""
    tests = sum(file.is_test for file in files)
    main_files = len(files) - tests
    names = file_names(files) if main_files > 1 or tests > 1 else ()
    return Index(parts, labels, names, main_files)


def with_labels(ingest: Ingest, labels: Mapping[str, int]) -> Ingest:
    """Return the settings with the label words that ``auto`` has found."""
    if ingest.labels != "auto":
        return ingest
    return ingest.model_copy(update={"labels": dict(labels)})


class _Reading:
    """The parts of the files read so far, and the rows that are kept."""

    def __init__(self, ingest: Ingest, split_column: str | None, cache_folder: Path) -> None:
        self.parts: list[PartInfo] = []
        self.kept: dict[int, pa.Table] = {}
        self._ingest, self._split_column, self._cache = ingest, split_column, cache_folder
        self._room = KEPT_BYTES

    def read(self, file: InputFile, number: int) -> None:
        """Add the parts of a file, from the cache where it has them."""
        from reviewflow.reviews.index_cache import cache, cache_key, find_cached, last_cached

        key = cache_key("parts", self._ingest, file, self._split_column)
        content = find_cached(self._cache, key)
        if content is not None:
            self.parts += [part.in_file(number) for part in Index.from_content(content).parts]
            return
        last = last_cached(self._cache, key)
        before = {_digests_of(part) for part in Index.from_content(last).parts} if last else set()
        first = len(self.parts)
        for part, rows in cut_file(self._ingest, file, number, self._split_column):
            if _digests_of(part) not in before:
                self._keep(len(self.parts), rows)
            self.parts.append(part)
        read = Index(tuple(part.in_file(0) for part in self.parts[first:]))
        if cache_key("parts", self._ingest, file, self._split_column) == key:
            cache(self._cache, key, read.to_content())

    def _keep(self, part: int, rows: pa.Table) -> None:
        """Keep the rows of a part. Free all rows when they exceed ``KEPT_BYTES``."""
        if self._room >= 0:
            self.kept[part] = rows
            self._room -= rows.nbytes
        if self._room < 0:
            self.kept.clear()


def _digests_of(part: PartInfo) -> frozenset[tuple[str, str]]:
    return frozenset(part.digests.items())


def _change_error(file: InputFile) -> InputError:
    return InputError(f"{file.name} changed while it was read; run again.")
