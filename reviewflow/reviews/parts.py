"""Cut the rows of the input files into parts, and list the parts.

main file ─┐
           ├─ blocks ─ cut ─▶ (PartInfo, rows) … ─▶ Index ─▶ index.record(part, row)
test file ─┘                                          └─ cached while the files stay the same
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reviewflow.reviews.chunking import Chunker
from reviewflow.reviews.classes import class_names
from reviewflow.reviews.column_digests import table_digests

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from reviewflow.config.sections import Ingest
    from reviewflow.reviews.buffer import Buffer
    from reviewflow.reviews.read import ChunkSizes

MAIN_FILE, TEST_FILE = 0, 1
SHOWN_RECORDS = 3
DEFAULT_CHUNKER = Chunker()


@dataclass(frozen=True)
class LeftOut:
    """Rows in no part: blank texts, and labels that the map lacks.

    Attributes
    ----------
    file : 0 for the main file, 1 for the test file.
    word : the label, or ``(other words)`` for all but the first hundred different words. None
        where the text is blank, whatever the label.
    rows : number of rows.
    first_records : the record numbers of the first three in the file, the header being 1.
    """

    file: int
    word: str | None
    rows: int
    first_records: tuple[int, ...]


@dataclass(frozen=True)
class PartInfo:
    """The size and digests of one part, and the records of its rows.

    Attributes
    ----------
    rows : number of rows.
    file : 0 for the main file, 1 for the test file.
    digests : digest of the decoded values by column: ``text``, ``label``, ``text_hash`` and,
        where they are read, ``split`` and ``group``.
    runs : (row, record) of row 0 and of every row whose record does not follow the one before.
    left_out : rows that were left out between the part before and the last row of this part.
        A file's last part lists those at the end of the file as well.
    """

    rows: int
    file: int
    digests: Mapping[str, str]
    runs: tuple[tuple[int, int], ...]
    left_out: tuple[LeftOut, ...] = ()

    def record(self, row: int) -> int:
        """Return a row's record number in its file, the header being 1.

        Rows count from 0.
        """
        if not 0 <= row < self.rows:
            raise IndexError(f"row {row} of a part of {self.rows} rows")
        first, record = self.runs[bisect_right(self.runs, (row, 1 << 62)) - 1]
        return record + row - first


@dataclass(frozen=True)
class Index:
    """The parts in order, those of the main file before the test file's.

    Attributes
    ----------
    labels : the class of each label word, from 0.
    """

    parts: tuple[PartInfo, ...]
    labels: Mapping[str, int] = field(default_factory=dict)

    @property
    def class_names(self) -> tuple[str, ...]:
        """What people call each class."""
        return class_names(self.labels)

    @property
    def rows(self) -> int:
        """Number of rows of all parts."""
        return sum(part.rows for part in self.parts)

    @property
    def has_test_file(self) -> bool:
        """Whether some parts come from a fixed test file."""
        return any(part.file == TEST_FILE for part in self.parts)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Rows in no part, by file and label word, in order of occurrence."""
        total: dict[tuple[int, str | None], LeftOut] = {}
        for rows in (rows for part in self.parts for rows in part.left_out):
            total[rows.file, rows.word] = _sum(total.get((rows.file, rows.word)), rows)
        return tuple(total.values())

    def first_row(self, part: int) -> int:
        """Return the number of rows before a part."""
        return sum(before.rows for before in self.parts[:part])

    def record(self, part: int, row: int) -> int:
        """Return a row's record number in its file, the header being 1."""
        return self.parts[part].record(row)

    def to_json(self) -> str:
        """Return the index as text."""
        content = {"parts": [asdict(part) for part in self.parts], "labels": dict(self.labels)}
        return json.dumps(content, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Index:
        """Return the index that ``to_json`` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the text is anything else.
        """
        content = json.loads(text)
        labels = {str(word): int(label) for word, label in content["labels"].items()}
        return cls(tuple(_part(part) for part in content["parts"]), labels)


def _part(content: Any) -> PartInfo:
    return PartInfo(
        int(content["rows"]),
        int(content["file"]),
        {str(name): str(digest) for name, digest in content["digests"].items()},
        tuple((int(row), int(record)) for row, record in content["runs"]),
        tuple(
            LeftOut(rows["file"], rows["word"], rows["rows"], tuple(rows["first_records"]))
            for rows in content["left_out"]
        ),
    )


def _sum(before: LeftOut | None, rows: LeftOut) -> LeftOut:
    if before is None:
        return rows
    first = (before.first_records + rows.first_records)[:SHOWN_RECORDS]
    return LeftOut(rows.file, rows.word, before.rows + rows.rows, first)


def cut(
    ingest: Ingest,
    split_column: str | None,
    chunker: Chunker = DEFAULT_CHUNKER,
    sizes: ChunkSizes | None = None,
) -> Iterator[tuple[PartInfo, pa.Table]]:
    """Yield the parts of the main file and then those of the test file.

    Parameters
    ----------
    split_column : name of the column that says train or test; None if it is not read.
    chunker : decides where parts end.
    sizes : how much of a file is read at once. The parts do not depend on it.

    Yields
    ------
    PartInfo, and a table of ``text`` string, ``label`` int8 (null where the cell was empty) and,
    where they are read, ``split`` and ``group`` string.

    Raises
    ------
    InputError
        If a file cannot be read as the settings say.
    """
    yield from _parts_of_file(ingest, ingest.path, MAIN_FILE, split_column, chunker, sizes)
    if ingest.test_path is not None:
        # Every row of a test file is a test row, so the file needs no column that says so.
        plain = ingest.model_copy(update={"group_column": None})
        yield from _parts_of_file(plain, ingest.test_path, TEST_FILE, None, chunker, sizes)


def _parts_of_file(
    ingest: Ingest,
    path: str,
    file: int,
    split_column: str | None,
    chunker: Chunker,
    sizes: ChunkSizes | None,
) -> Iterator[tuple[PartInfo, pa.Table]]:
    from reviewflow.reviews.buffer import Buffer
    from reviewflow.reviews.read import ChunkSizes, blocks

    setting = "ingest.test_path" if file == TEST_FILE else "ingest.path"
    buffer = Buffer()
    for block in blocks(ingest, Path(path), split_column, setting, sizes or ChunkSizes()):
        buffer = buffer.with_block(block)
        while length := buffer.part_length(chunker, ended=False):
            yield _first_part(buffer, length, file)
            buffer = buffer.without(length)
    while length := buffer.part_length(chunker, ended=True):
        yield _first_part(buffer, length, file)
        buffer = buffer.without(length)


def _first_part(buffer: Buffer, length: int, file: int) -> tuple[PartInfo, pa.Table]:
    rows = buffer.rows.slice(0, length)
    part = PartInfo(
        length,
        file,
        table_digests(rows, buffer.hashes[:length]),
        _runs(buffer.records[:length]),
        tuple(
            LeftOut(file, word, len(records), tuple(records[:SHOWN_RECORDS].tolist()))
            for word, records in buffer.left_out_before(length).items()
        ),
    )
    return part, rows


def _runs(records: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Return (row, record) of row 0 and of every row after a gap in records."""
    gaps = [0, *((records[1:] - records[:-1] != 1).nonzero()[0] + 1).tolist()]
    return tuple((row, int(records[row])) for row in gaps)
