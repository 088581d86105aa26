"""Stream a JSON Lines file as the record batches that a CSV file gives.

utf8_chunks ─ whole lines ─ one JSON object a line ─▶ batch
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reviewflow.errors import InputError
from reviewflow.reviews.columns import Columns, check_columns
from reviewflow.reviews.compression import plain_suffix
from reviewflow.reviews.parquet_file import word_of
from reviewflow.reviews.text_file import TextFile, beginning, utf8_chunks

if TYPE_CHECKING:
    import pyarrow as pa

    from reviewflow.config.sections import Ingest

SUFFIXES = (".jsonl", ".ndjson", ".json")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_json_lines(path: Path, ingest: Ingest) -> bool:
    """Return whether a text file is JSON Lines, by its name or beginning."""
    if plain_suffix(path) in SUFFIXES:
        return True
    return beginning(TextFile(path, ingest)).lstrip("\ufeff").startswith('{"')


def json_lines_batches(
    source: TextFile, columns: Columns | None, chunk_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Yield columns of a JSON Lines file, in pieces of about ``chunk_bytes``.

    Each line is an object, and its names are the columns. A name that an object lacks is null, as
    is null itself. Numbers and booleans among the labels become words. Blank lines do not count.

    Parameters
    ----------
    columns : the columns to read; None reads every name of the first object.

    Yields
    ------
    RecordBatch of ``text`` string, ``label`` dictionary<int32, string> and, where ``columns``
    names them, ``split`` and ``group`` string. Where it is None: every column under its own name,
    string.

    Raises
    ------
    InputError
        If the file cannot be read. The message names the line that is wrong.
    """
    names: list[str] = []  # of the batches' columns
    for objects in json_records(source, chunk_bytes):
        names = names or _names(source, next(iter(objects.values())), columns)
        if columns is None:
            records = [tuple(_word(each.get(name)) for name in names) for each in objects.values()]
        else:
            records = [_cells(source, each, columns, line) for line, each in objects.items()]
        yield _batch(records, names, None if columns is None else "label")


def json_records(source: TextFile, chunk_bytes: int) -> Iterator[dict[int, dict[str, Any]]]:
    """Yield the objects of a JSON Lines file by their lines, some at a time.

    Raises
    ------
    InputError
        If the file cannot be read, or holds blank lines only.
    """
    line_number, found = 0, False
    for lines in _whole_lines(source, chunk_bytes):
        numbered = enumerate(lines, start=line_number + 1)
        objects = {n: _record(source, line, n) for n, line in numbered if line.strip()}
        line_number += len(lines)
        if objects:
            found = True
            yield objects
    if not found:
        raise InputError(f"{source.path} holds blank lines only; it must hold an object a line.")


def _whole_lines(source: TextFile, chunk_bytes: int) -> Iterator[list[bytes]]:
    """Yield the lines of the file as UTF-8, some at a time."""
    rest = b""
    for number, chunk in enumerate(utf8_chunks(source, chunk_bytes)):
        content = chunk.removeprefix(BYTE_ORDER_MARK) if number == 0 else chunk
        *lines, rest = (rest + content).split(b"\n")
        yield lines
    yield [rest]


def _record(source: TextFile, line: bytes, number: int) -> dict[str, Any]:
    """Return the object that a line holds."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        begins = line[:240].decode("utf-8", errors="ignore")[:60]
        raise InputError(
            f"{source.path}: line {number:,} is not JSON ({getattr(error, 'msg', error)}); JSON "
            f"Lines holds one object a line. It begins {begins!r}."
        ) from None
    if not isinstance(record, dict):
        kind = "a list" if isinstance(record, list) else "a value"
        raise InputError(
            f"{source.path}: line {number:,} holds {kind}; JSON Lines holds one object a line, "
            'such as {"review": "…", "sentiment": "positive"}.'
        )
    return record


def _names(source: TextFile, record: dict[str, Any], columns: Columns | None) -> list[str]:
    """Return the names of the batches' columns, by the first object."""
    if columns is None:
        return list(record) or [""]
    check_columns(source.path, list(record), columns)
    return list(columns.by_role())


def _word(value: Any) -> str | None:
    """Return a scalar as a word, and null for what is none."""
    if value is None or isinstance(value, str):
        return value
    return word_of(value) if isinstance(value, bool | int | float) else None


def _cells(
    source: TextFile, record: dict[str, Any], columns: Columns, number: int
) -> tuple[str | None, ...]:
    """Return the cells of the columns, as words."""
    cells = []
    for setting, name in columns.settings().items():
        value = record.get(name)
        is_text = value is None or isinstance(value, str)
        if not is_text and (
            setting == "ingest.text_column" or not isinstance(value, bool | int | float)
        ):
            expected = "text" if setting == "ingest.text_column" else "text, a number or a boolean"
            raise InputError(
                f"{source.path}: {name!r} ({setting}) of line {number:,} holds "
                f"{json.dumps(value)[:60]}, but must hold {expected}."
            )
        cells.append(_word(value))
    return tuple(cells)


def _batch(
    records: list[tuple[str | None, ...]], names: list[str], encoded: str | None
) -> pa.RecordBatch:
    """Return cells as string columns, one of them dictionary-encoded."""
    import pyarrow as pa

    arrays = [pa.array(values, pa.string()) for values in zip(*records, strict=True)]
    return pa.RecordBatch.from_arrays(
        [
            values.dictionary_encode() if name == encoded else values
            for name, values in zip(names, arrays, strict=True)
        ],
        names=names,
    )
