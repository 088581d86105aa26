"""The rows of the input files in content-defined parts, and the index that lists the parts.

main file ─┐
           ├─ blocks ─ cut ─▶ (PartInfo, rows) … ─▶ Index ─▶ index.record(part, row)
test file ─┘                                          └─ memo, while the files stand
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reviewflow.reviews.chunking import Cutting, digests

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from reviewflow.config.sections import Ingest
    from reviewflow.reviews.buffer import Pending
    from reviewflow.reviews.read import Pieces

MAIN_FILE, TEST_FILE = 0, 1
SHOWN_RECORDS = 3
DEFAULT_CUTTING = Cutting()


@dataclass(frozen=True)
class LeftOut:
    """Rows that are in no part because the labels map lacks their word.

    Attributes
    ----------
    file : 0 for the main file, 1 for the test file.
    word : the label, or ``(other words)`` for all beyond the first hundred different ones.
    rows : how many there are.
    first_records : the numbers of the first three in the file, the header being 1.
    """

    file: int
    word: str
    rows: int
    first_records: tuple[int, ...]


@dataclass(frozen=True)
class PartInfo:
    """One part: what is in it, and which records of which file its rows are.

    Attributes
    ----------
    rows : number of rows.
    file : 0 for the main file, 1 for the test file.
    digests : digest of the decoded values by column: ``text``, ``label``, ``text_hash`` and,
        where one is read, ``split``.
    runs : (row, record) wherever record numbers go on after a gap, the first for row 0.
    left_out : rows that were left out before the last row of this part and after the part
        before it; a file's last part has those at its end, too.
    """

    rows: int
    file: int
    digests: Mapping[str, str]
    runs: tuple[tuple[int, int], ...]
    left_out: tuple[LeftOut, ...] = ()

    def record(self, row: int) -> int:
        """The number of the record in its file, the header being 1, of a row from 0."""
        if not 0 <= row < self.rows:
            raise IndexError(f"row {row} of a part of {self.rows} rows")
        first, record = self.runs[bisect_right(self.runs, (row, 1 << 62)) - 1]
        return record + row - first


@dataclass(frozen=True)
class Index:
    """All parts in the order of the files, the main file's before the test file's."""

    parts: tuple[PartInfo, ...]

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(part.rows for part in self.parts)

    @property
    def has_test_file(self) -> bool:
        """Whether some parts come from a fixed test file."""
        return any(part.file == TEST_FILE for part in self.parts)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Rows that are in no part, by file and label word, in order of first occurrence."""
        total: dict[tuple[int, str], LeftOut] = {}
        for found in (found for part in self.parts for found in part.left_out):
            total[found.file, found.word] = _added(total.get((found.file, found.word)), found)
        return tuple(total.values())

    def first_row(self, part: int) -> int:
        """How many rows come before a part."""
        return sum(before.rows for before in self.parts[:part])

    def record(self, part: int, row: int) -> int:
        """The number of the record in its file, the header being 1, of a row of a part."""
        return self.parts[part].record(row)

    def to_json(self) -> str:
        """The index as text."""
        return json.dumps({"parts": [asdict(part) for part in self.parts]}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Index:
        """The index that ``to_json`` wrote; KeyError, TypeError or ValueError if it did not."""
        return cls(tuple(_part(content) for content in json.loads(text)["parts"]))


def _part(content: Any) -> PartInfo:
    return PartInfo(
        int(content["rows"]),
        int(content["file"]),
        {str(name): str(digest) for name, digest in content["digests"].items()},
        tuple((int(row), int(record)) for row, record in content["runs"]),
        tuple(
            LeftOut(found["file"], found["word"], found["rows"], tuple(found["first_records"]))
            for found in content["left_out"]
        ),
    )


def _added(before: LeftOut | None, found: LeftOut) -> LeftOut:
    if before is None:
        return found
    first = (before.first_records + found.first_records)[:SHOWN_RECORDS]
    return LeftOut(found.file, found.word, before.rows + found.rows, first)


def cut(
    ingest: Ingest,
    split_column: str | None,
    cutting: Cutting = DEFAULT_CUTTING,
    pieces: Pieces | None = None,
) -> Iterator[tuple[PartInfo, pa.Table]]:
    """The rows of the main file and then of the test file, part by part, streamed.

    Parameters
    ----------
    split_column : name of the column that says train or test; None if it is not read.
    cutting : where parts end.
    pieces : how much of a file is read at once; the parts do not depend on it.

    Yields
    ------
    PartInfo, and a table of ``text`` string, ``label`` int8 (null where the cell was empty) and,
    where it is read, ``split`` string.

    Raises
    ------
    InputError
        If a file cannot be read as the settings say.
    """
    yield from _parts_of_file(ingest, ingest.path, MAIN_FILE, split_column, cutting, pieces)
    if ingest.test_path is not None:
        # Every row of a test file is a test row: it needs no column that says so.
        yield from _parts_of_file(ingest, ingest.test_path, TEST_FILE, None, cutting, pieces)


@dataclass(frozen=True)
class Reading:
    """The index of the files, and rows that had to be read for it, by part."""

    index: Index
    fresh: dict[int, pa.Table]


def reading(ingest: Ingest, split_column: str | None, memo_folder: Path) -> Reading:
    """Return what :func:`reviewflow.reviews.source.open_source` finds (for the runner of today)."""
    from reviewflow.reviews.source import open_source

    source = open_source(ingest, split_column, memo_folder)
    return Reading(source.index, {part: source.rows(part) for part in source.kept_parts})


def _parts_of_file(
    ingest: Ingest,
    path: str,
    file: int,
    split_column: str | None,
    cutting: Cutting,
    pieces: Pieces | None,
) -> Iterator[tuple[PartInfo, pa.Table]]:
    from reviewflow.reviews.buffer import Pending
    from reviewflow.reviews.read import Pieces, blocks

    setting = "ingest.test_path" if file == TEST_FILE else "ingest.path"
    pending = Pending()
    for block in blocks(ingest, Path(path), split_column, setting, pieces or Pieces()):
        pending = pending.with_block(block)
        while length := pending.part_length(cutting, ended=False):
            yield _part_of(pending, length, file)
            pending = pending.without(length)
    while length := pending.part_length(cutting, ended=True):
        yield _part_of(pending, length, file)
        pending = pending.without(length)


def _part_of(pending: Pending, length: int, file: int) -> tuple[PartInfo, pa.Table]:
    rows = pending.rows.slice(0, length)
    part = PartInfo(
        length,
        file,
        digests(rows, pending.hashes[:length]),
        _runs(pending.records[:length]),
        tuple(
            LeftOut(file, word, len(records), tuple(records[:SHOWN_RECORDS].tolist()))
            for word, records in pending.left_out_before(length).items()
        ),
    )
    return part, rows


def _runs(records: np.ndarray) -> tuple[tuple[int, int], ...]:
    """(row, record) for the first row and every row whose record does not follow on."""
    gaps = [0, *((records[1:] - records[:-1] != 1).nonzero()[0] + 1).tolist()]
    return tuple((row, int(records[row])) for row in gaps)
