"""Read every column of a file of reviews, to be scored and passed on.

CSV, TSV ───┐
JSON Lines ─┼─▶ InputRows: the columns, and batches of records
Parquet ────┘

Cells pass as they are: those of CSV as text, Parquet's with their types and with the
metadata by which pandas knows its own types and its index. Values of
JSON Lines other than text pass as JSON. Errors name the options of `reviewflow score`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from reviewflow.errors import InputError
from reviewflow.formatting import nearest
from reviewflow.reviews.columns import DELIMITER_NAMES
from reviewflow.reviews.compression import seekable_bytes
from reviewflow.reviews.csv_file import csv_batches
from reviewflow.reviews.json_lines_file import is_json_lines, json_records
from reviewflow.reviews.parquet_file import is_parquet, text_values
from reviewflow.reviews.text_file import (
    CHUNK_BYTES,
    TextFile,
    beginning,
    check_readable,
    declared_delimiter,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from reviewflow.config.sections import Ingest

BATCH_ROWS = 4_096
OPTIONS: Mapping[str, str] = MappingProxyType(  # by what the reader of a run's file calls them
    {
        "set ingest.quoting: false": "give --no-quoting",
        "set ingest.encoding:": "give --encoding",
        "in ingest.encoding": "with --encoding",
        "set ingest.delimiter": "give --delimiter",
        "ingest.delimiter": "--delimiter",
        "ingest.encoding": "--encoding",
        "ingest.text_column": "--text-column",
    }
)
SETTINGS = re.compile("|".join(map(re.escape, OPTIONS)))
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class InputRows:
    """The records of a file in its order.

    Attributes
    ----------
    schema : of the batches, with the metadata of a Parquet file.
    text_column : the column to score.
    first_record : number of the first record. The header of CSV and Parquet is record 1.
    batches : record batches, each read once.
    """

    schema: pa.Schema
    text_column: str
    first_record: int
    batches: Iterator[pa.RecordBatch]

    def texts(self, batch: pa.RecordBatch) -> pa.StringArray:
        """Return the texts of a batch, shape (N,). Nulls stay."""
        return text_values(batch.column(self.text_column))


def open_input(path: Path, ingest: Ingest, label_column: str | None = None) -> InputRows:
    """Return the records of a file.

    Parameters
    ----------
    ingest : text column, encoding, delimiter and quoting. Its labels are not read.
    label_column : another column that must be there.

    Raises
    ------
    InputError
        If the file cannot be read, or lacks a column. Also while batches are read.
    """
    check_readable(path, "the input")
    with _reading_errors(path):
        if is_parquet(path):
            first, (schema, batches) = 2, _parquet_rows(path)
        elif is_json_lines(path, ingest):
            first, (schema, batches) = 1, _json_rows(path, ingest)
        else:
            first, (schema, batches) = 2, _csv_rows(path, ingest)
    _check_column(path, schema.names, ingest.text_column, "to score", "--text-column")
    if label_column is not None:
        _check_column(path, schema.names, label_column, "of labels", "--labels")
    return InputRows(schema, ingest.text_column, first, _read(path, batches))


def _read(path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    with _reading_errors(path):
        yield from batches


@contextmanager
def _reading_errors(path: Path) -> Iterator[None]:
    """Turn an OSError of the body about the input into a sentence.

    An InputError that names settings of a run gets the options of a scoring.
    """
    try:
        yield
    except InputError as error:
        raise InputError(SETTINGS.sub(lambda found: OPTIONS[found[0]], str(error))) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None


def file_stamp(path: Path) -> Stamp | None:
    """Return inode, size and time of a file, None if it is missing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def refuse_changes(path: Path, stamp: Stamp | None) -> Iterator[None]:
    """Refuse what the body reads of a file that has changed since its stamp.

    Half a file is often broken at its end. The message then names the cause and not the end.

    Raises
    ------
    InputError
        If the file has changed.
    """
    try:
        yield
    except InputError:
        if file_stamp(path) == stamp:
            raise
    if file_stamp(path) != stamp:
        raise InputError(
            f"{path} changed while it was read, so it may still be being written; no scores were "
            "written, run again once it is whole."
        )


def _check_column(path: Path, names: list[str], column: str, purpose: str, option: str) -> None:
    """Raise InputError unless a file has a column once."""
    count = names.count(column)
    if count == 1:
        return
    if count > 1:
        raise InputError(f"{path} has {count} columns {column!r} {purpose}; rename all but one.")
    near = nearest(column, names)
    shown = ", ".join(repr(name[:80]) for name in names[:12])
    advice = f"did you mean {near!r}?" if near else f"name it with {option}."
    raise InputError(f"{path} has no column {column!r} {purpose}; it has {shown}; {advice}")


def _csv_rows(path: Path, ingest: Ingest) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    source = TextFile(path, ingest)
    _check_delimiter(source)
    batches = csv_batches(source, None, CHUNK_BYTES)
    first = next(batches)
    return first.schema, _with_first(first, batches)


def _check_delimiter(source: TextFile) -> None:
    """Raise InputError if another delimiter seems to divide the first line.

    A cell that is itself the name of the text column is meant to be one.
    """
    text = beginning(source)
    lines = (line for line in text.removeprefix("\ufeff").splitlines() if line.strip())
    header = next(lines, "")
    is_one_cell = (
        source.delimiter not in header and header.strip('"') != source.settings.text_column
    )
    others = [(header.count(sign), sign, name) for sign, name in DELIMITER_NAMES if sign in header]
    if not is_one_cell or not others or declared_delimiter(text):
        return
    _, sign, name = max(others, key=lambda other: other[0])
    option = "tab" if sign == "\t" else shlex.quote(sign)
    raise InputError(
        f"The cells of {source.path} seem to be separated by {name}; give --delimiter {option}."
    )


def _with_first(
    first: pa.RecordBatch, others: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    yield first
    yield from others


def _parquet_rows(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with seekable_bytes(path) as content:
            schema = parquet.read_schema(content)
    except (pa.ArrowException, OSError) as error:
        raise _not_parquet(path, error) from None
    return schema, _parquet_batches(path)


def _parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with (
            seekable_bytes(path) as content,
            parquet.ParquetFile(content, pre_buffer=False, buffer_size=1 << 20) as file,
        ):
            yield from file.iter_batches(BATCH_ROWS, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise _not_parquet(path, error) from None


def _not_parquet(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:200]
    return InputError(
        f"{path} cannot be read as Parquet ({reason}); is it cut short or of another format?"
    )


def _json_rows(path: Path, ingest: Ingest) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the columns of all objects, which are read twice."""
    import pyarrow as pa

    source = TextFile(path, ingest, True)
    names: dict[str, None] = {}
    for records in json_records(source, CHUNK_BYTES):
        for record in records.values():
            names.update(dict.fromkeys(record))
    schema = pa.schema([(name, pa.string()) for name in names])
    return schema, _json_batches(source, schema)


def _json_batches(source: TextFile, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for records in json_records(source, CHUNK_BYTES):
        columns = [
            pa.array([_json_text(record.get(name)) for record in records.values()], pa.string())
            for name in schema.names
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _json_text(value: Any) -> str | None:
    """Return text as it is, and any other value as its JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
