"""Cut the rows of the input files into parts, and list the parts.

files ──────┐
            ├─ blocks ─ cut ─▶ (PartInfo, rows) … ─▶ Index ─▶ index.record(part, row)
test files ─┘
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from reviewflow.reviews.chunking import Chunker
from reviewflow.reviews.classes import class_names
from reviewflow.reviews.column_digests import table_digests
from reviewflow.reviews.input_files import InputFile, input_files

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from reviewflow.config.sections import Ingest
    from reviewflow.reviews.buffer import Buffer
    from reviewflow.reviews.read import ChunkSizes

SHOWN_RECORDS = 3
DIGEST_DIGITS = 32
DEFAULT_CHUNKER = Chunker()


@dataclass(frozen=True)
class LeftOut:
    """Rows in no part: blank texts, and labels that the map lacks.

    Attributes
    ----------
    file : number of the file, as in :class:`PartInfo`.
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
    file : number of the file, from 0, the test files after the others.
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

    def in_file(self, number: int) -> PartInfo:
        """Return the same part with another number of its file."""
        left_out = tuple(replace(rows, file=number) for rows in self.left_out)
        return replace(self, file=number, left_out=left_out)

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
    """The parts in order, those of the test files after the others.

    Attributes
    ----------
    labels : the class of each label word, from 0.
    files : a short name of each file; empty if there is one, and perhaps one test file.
    main_files : number of files before the test files.
    """

    parts: tuple[PartInfo, ...]
    labels: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    main_files: int = 1

    @property
    def class_names(self) -> tuple[str, ...]:
        """What people call each class."""
        return class_names(self.labels)

    @property
    def rows(self) -> int:
        """Number of rows of all parts."""
        return sum(part.rows for part in self.parts)

    def digest(self) -> str:
        """Return the digest of all rows, in hexadecimal digits.

        The order of the parts does not count.
        """
        content = sorted(json.dumps(dict(part.digests), sort_keys=True) for part in self.parts)
        return hashlib.sha256("\n".join(content).encode()).hexdigest()[:DIGEST_DIGITS]

    @property
    def has_test_file(self) -> bool:
        """Whether some parts come from a fixed test file."""
        return any(self.is_test(part.file) for part in self.parts)

    @property
    def names_files(self) -> bool:
        """Whether a record's number alone does not tell where it is."""
        return bool(self.files) or self.has_test_file

    def is_test(self, file: int) -> bool:
        """Return whether a file's rows are the test split."""
        return file >= self.main_files

    def file_name(self, file: int) -> str:
        """Return what a file is called in messages."""
        return self.files[file] if self.files else ("test" if self.is_test(file) else "main")

    def file_entries(self) -> list[dict[str, Any]]:
        """Return name and number of rows of each file of ``files``."""
        rows = [0] * len(self.files)
        for part in self.parts if self.files else ():
            rows[part.file] += part.rows
        return [{"name": name, "rows": own} for name, own in zip(self.files, rows, strict=True)]

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

    def first_part(self, file: int) -> int:
        """Return the number of a file's first part, or of the next file's."""
        return sum(part.file < file for part in self.parts)

    def record(self, part: int, row: int) -> int:
        """Return a row's record number in its file, the header being 1."""
        return self.parts[part].record(row)

    def to_json(self) -> str:
        """Return the index as text."""
        return json.dumps(self.to_content(), separators=(",", ":"))

    def to_content(self) -> dict[str, Any]:
        """Return the index as what JSON can hold."""
        content: dict[str, Any] = {
            "parts": [asdict(part) for part in self.parts],
            "labels": dict(self.labels),
        }
        if self.files:
            content |= {"files": self.files, "main_files": self.main_files}
        return content

    @classmethod
    def from_json(cls, text: str) -> Index:
        """Return the index that ``to_json`` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the text is anything else.
        """
        return cls.from_content(json.loads(text))

    @classmethod
    def from_content(cls, content: Any) -> Index:
        """Return the index that ``to_content`` returned.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is anything else.
        """
        return cls(
            tuple(_part(part) for part in content["parts"]),
            {str(word): int(label) for word, label in content["labels"].items()},
            tuple(map(str, content.get("files", ()))),
            int(content.get("main_files", 1)),
        )


def index_text(index: Index) -> str:
    """Return what ``Index.to_json`` returns, without a copy of each part."""
    content = replace(index, parts=()).to_content() | {"parts": index.parts}
    return json.dumps(content, default=vars, separators=(",", ":"))


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
    """Yield the parts of all files.

    Parameters and what is yielded and raised are those of :func:`cut_file`.
    """
    for number, file in enumerate(input_files(ingest)):
        yield from cut_file(ingest, file, number, split_column, chunker, sizes)


def cut_file(
    ingest: Ingest,
    file: InputFile,
    number: int,
    split_column: str | None,
    chunker: Chunker = DEFAULT_CHUNKER,
    sizes: ChunkSizes | None = None,
) -> Iterator[tuple[PartInfo, pa.Table]]:
    """Yield the parts of one file. A file's end is a part's end.

    Parameters
    ----------
    number : of the file.
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
        If the file cannot be read as the settings say.
    """
    from reviewflow.reviews.buffer import Buffer
    from reviewflow.reviews.read import ChunkSizes, blocks

    if file.is_test:  # every row is a test row, so the file needs no column that says so
        ingest, split_column = ingest.model_copy(update={"group_column": None}), None
    buffer = Buffer()
    sizes = sizes or ChunkSizes()
    with file.named_in_errors():
        for block in blocks(ingest, file.path, split_column, file.setting, sizes, file.is_alone):
            buffer = buffer.with_block(block)
            while length := buffer.part_length(chunker, ended=False):
                yield _first_part(buffer, length, number)
                buffer = buffer.without(length)
    while length := buffer.part_length(chunker, ended=True):
        yield _first_part(buffer, length, number)
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
