"""Stream a CSV or TSV file as record batches, every cell as text.

    utf8_chunks ─ whole_records ─▶ bytes that end with a record ─ Arrow ─▶ batch

Arrow's own streaming reader is not used. It reads a Python file from a thread of its own, and waits
for that thread forever when it is dropped before the end of the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reviewflow.errors import InputError
from reviewflow.formatting import amount
from reviewflow.reviews.columns import Columns, check_columns, likely_delimiter
from reviewflow.reviews.text_file import (
    SEPARATOR_LINES,
    TextFile,
    check_delimiter,
    place_of,
    utf8_chunks,
)

if TYPE_CHECKING:
    import pyarrow as pa

MOST_RECORD_BYTES = 1 << 30
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SEPARATOR_BYTES = re.compile(SEPARATOR_LINES.pattern.encode(), re.IGNORECASE)


def csv_batches(
    source: TextFile,
    columns: Columns | None,
    chunk_bytes: int,
    most_record_bytes: int = MOST_RECORD_BYTES,
) -> Iterator[pa.RecordBatch]:
    """Yield columns of a CSV file, in pieces of about ``chunk_bytes``.

    Cells are not interpreted: ``NA`` and ``null`` are words. Blank lines are not records. A record
    may hold 1 GB.

    Parameters
    ----------
    columns : the columns to read; None reads every column.

    Yields
    ------
    RecordBatch of ``text`` string, ``label`` dictionary<int32, string> and, where ``columns``
    names them, ``split`` and ``group`` string. Where it is None: every column under the header's
    name, string, and an empty batch where there are no records. No cell is null.

    Raises
    ------
    InputError
        If the file cannot be read. The message names the record (the header is 1) that is wrong.
    """
    check_delimiter(source.delimiter)
    names: list[str] | None = None
    record = 1  # the number of the last record before the piece
    for piece in whole_records(source, chunk_bytes, most_record_bytes):
        rows = piece
        if names is None:
            head, rows = _first_record(piece, source)
            if not head:
                continue
            names = _header(source, head)
            if columns is not None:
                if not set(columns.by_role().values()) <= set(names):
                    _check_first_row(source, names, rows)  # a short header explains more
                check_columns(source.path, names, columns, source.delimiter)
        for batch in _parse(source, rows, names, columns, record):
            record += batch.num_rows
            yield batch
    if names is None:
        raise InputError(f"{source.path} holds blank lines only; it must hold a header and rows.")
    if columns is None and record == 1:
        yield _no_records(names)


def whole_records(
    source: TextFile, chunk_bytes: int, most_record_bytes: int = MOST_RECORD_BYTES
) -> Iterator[bytes]:
    """Yield the file as UTF-8 in pieces of whole records.

    Raises
    ------
    InputError
        If a quote is open at the end of the file, or a record is too long.
    """
    pattern = _records_pattern(source.delimiter, source.quoting)
    waiting: list[bytes] = []
    offset, size, enough = 0, 0, 1
    for chunk in utf8_chunks(source, chunk_bytes):
        waiting.append(chunk)
        size += len(chunk)
        if size < enough:
            continue
        rest = b"".join(waiting)
        end = _end_of_records(pattern, rest, is_start=not offset)
        if end:
            yield rest[:end]
        waiting, offset, size = [rest[end:]], offset + end, size - end
        if size > most_record_bytes:
            raise _too_long(source, offset, most_record_bytes)
        # A long record is not searched again for every chunk of it.
        enough = min(2 * size, most_record_bytes + 1)
    rest = b"".join(waiting) + b"\n"
    end = _end_of_records(pattern, rest, is_start=not offset)
    if end:
        yield rest[:end]
    if end < len(rest):
        raise _open_quote(source, offset + end, rest[end:])


def _end_of_records(pattern: re.Pattern[bytes], content: bytes, is_start: bool = False) -> int:
    """Return where the last whole record ends, 0 if there is none.

    Parameters
    ----------
    is_start : whether the content is the start of the file, where a mark may precede a quote.
    """
    marked = is_start and content.startswith(BYTE_ORDER_MARK)
    matched = pattern.match(content, len(BYTE_ORDER_MARK) if marked else 0)
    return matched.end() if matched else 0


@lru_cache(maxsize=8)
def _records_pattern(
    delimiter: str, quoting: bool, most: str = "*+", strict: bool = False
) -> re.Pattern[bytes]:
    """Return a pattern of whole records, as many as there are.

    It delimits records as Arrow's reader does.

    With ``quoting``, a quote opens a quoted text only at the start of a cell. After the quote that
    closes it the cell goes on to the delimiter. With ``strict`` it does so only if the quotes hold
    one line. The groups are possessive, so matching takes linear time.
    """
    sign = re.escape(delimiter.encode())
    plain = rb"[^" + sign + rb"\r\n]*+"
    cell = rb'(?:"[^"]*+(?:""[^"]*+)*+"' + plain + rb'|(?!")' + plain + rb")" if quoting else plain
    if strict:
        one_line = rb'"[^"\r\n]*+(?:""[^"\r\n]*+)*+"'
        blank = rb"(?:(?!" + sign + rb")[ \t])*+"
        closed = rb'"[^"]*+(?:""[^"]*+)*+"' + blank + rb"(?=[\r\n]|" + sign + rb")"
        cell = rb"(?:" + one_line + plain + rb"|" + closed + rb'|(?!")' + plain + rb")"
    line = rb"(?:" + cell + sign + rb")*+" + cell + rb"(?:\r\n|\r|\n)"
    return re.compile(rb"(?:" + line + rb")" + most.encode())


def _first_record(piece: bytes, source: TextFile) -> tuple[bytes, bytes]:
    """Return the first record, and all after it.

    Blank lines and a line such as ``sep=;`` are not records.
    """
    content = piece.removeprefix(BYTE_ORDER_MARK)
    separator = SEPARATOR_BYTES.match(content)
    content = content[separator.end() if separator else 0 :].lstrip(b"\r\n")
    end = _end_of_records(_records_pattern(source.delimiter, source.quoting, ""), content)
    return content[:end], content[end:]


def _no_records(names: list[str]) -> pa.RecordBatch:
    """Return a batch that tells the columns of a file without records."""
    import pyarrow as pa

    return pa.RecordBatch.from_arrays([pa.array([], pa.string())] * len(names), names=names)


def _check_first_row(source: TextFile, names: list[str], rows: bytes) -> None:
    """Raise InputError if the first record has more cells than the header."""
    record, _ = _first_record(rows, source)
    cells = len(_header(source, record)) if record else 0
    if len(names) < cells and likely_delimiter(names, source.delimiter) is None:
        raise InputError(
            f"The header of {source.path} has {amount(len(names), 'cell')}, and record 2 has "
            f"{amount(cells, 'cell')}; give every column a name in the first line."
        )


def _header(source: TextFile, record: bytes) -> list[str]:
    """Return the column names."""
    text = io.StringIO(record.decode("utf-8"), newline="")
    try:
        return next(source.cells(text))
    except (csv.Error, ValueError) as error:
        raise InputError(f"The header of {source.path} cannot be read: {error}.") from None


def _parse(
    source: TextFile, rows: bytes, names: list[str], columns: Columns | None, record: int
) -> Iterator[pa.RecordBatch]:
    """Yield whole records as batches under our names for the columns."""
    import pyarrow as pa

    if not rows.strip(b"\r\n"):
        return
    wrong_rows: list[Any] = []
    try:
        table = _table(rows, names, columns, source, wrong_rows)
    except pa.ArrowInvalid as error:
        if wrong_rows:
            raise _ragged_row(source, wrong_rows[0], record) from None
        reason = " ".join(str(error).split())
        raise InputError(f"{source.path} cannot be read as CSV: {reason}.") from None
    if source.quoting and _holds_lines(rows, table.num_rows, len(names), source.delimiter):
        raise _swallowed_rows(source, record)
    if source.quoting and rows.count(b"\n") > table.num_rows:
        _check_closing_quotes(source, rows, record)
    for batch in table.to_batches():
        roles = names if columns is None else list(columns.by_role())
        yield pa.RecordBatch.from_arrays(batch.columns, names=roles)


def _table(
    rows: bytes, names: list[str], columns: Columns | None, source: TextFile, wrong_rows: list[Any]
) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    def refuse(row: Any) -> str:
        wrong_rows.append(row)
        return "error"

    types = _column_types(names, columns)
    return arrow_csv.read_csv(
        pa.BufferReader(rows),
        # Arrow numbers the records only on one thread, and parsing is the cheapest part.
        read_options=arrow_csv.ReadOptions(
            use_threads=False,
            block_size=len(rows) + 1,
            column_names=[str(position) for position in range(len(names))],
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=source.delimiter,
            quote_char='"' if source.quoting else False,
            newlines_in_values=source.quoting,
            invalid_row_handler=refuse,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            strings_can_be_null=False,
        ),
    )


def _column_types(names: list[str], columns: Columns | None) -> dict[str, Any]:
    """Return the type of each column to read, by its position as text.

    Arrow gets positions for names, since other columns of the file may share a name.
    """
    import pyarrow as pa

    if columns is None:
        return {str(position): pa.string() for position in range(len(names))}
    return {
        str(names.index(name)): pa.dictionary(pa.int32(), pa.string())
        if role == "label"
        else pa.string()
        for role, name in columns.by_role().items()
    }


def _holds_lines(rows: bytes, records: int, cells: int, delimiter: str) -> bool:
    """Return whether quotes between tabs hide the ends of records.

    They do if every line has as many cells as the header, and there are more lines than records.
    Between commas that would prove nothing, since texts hold commas.
    """
    if delimiter != "\t" or cells < 2 or rows.count(b"\n") <= records:
        return False
    lines = [line for line in rows.split(b"\n") if line.strip(b"\r")]
    return len(lines) > records and all(line.count(b"\t") == cells - 1 for line in lines)


def _check_closing_quotes(source: TextFile, rows: bytes, record: int) -> None:
    """Raise InputError if text follows a quote that closes several lines.

    A quote that is never closed ends at the next one, which opens another text. What comes between
    would be read as one text, and records be lost.
    """
    strict = _records_pattern(source.delimiter, True, strict=True)
    end = _end_of_records(strict, rows)
    if end == len(rows):
        return
    one = _records_pattern(source.delimiter, True, "")
    number = record + 1 + sum(1 for each in one.finditer(rows, 0, end) if each[0].strip())
    begins = rows[end : end + 240].decode("utf-8", errors="ignore").lstrip()[:60]
    raise InputError(
        f"{source.path}: record {number:,} goes on over lines in quotes, and text follows the "
        "quote that closes them, so one of its quotes may never be closed; close it, double every "
        "quote that belongs to the text, or set ingest.quoting: false if no cell is in quotes. "
        f"It begins {begins!r}."
    )


def _swallowed_rows(source: TextFile, record: int) -> InputError:
    return InputError(
        f"{source.path}: after record {record:,} a quote opens a cell that goes on over lines with "
        "as many cells as the header; set ingest.quoting: false, if quotes belong to the texts."
    )


def _ragged_row(source: TextFile, row: Any, record: int) -> InputError:
    cells = "1 cell" if row.actual_columns == 1 else f"{row.actual_columns:,} cells"
    advice = "quote cells that hold the delimiter"
    if row.actual_columns < row.expected_columns:
        advice = (
            "quote texts that hold line breaks, or export the file again if it was cut off there"
        )
    return InputError(
        f"{source.path}: record {record + row.number:,} has {cells} where the header has "
        f"{row.expected_columns:,}; {advice}. "
        f"It begins {row.text[:60]!r}."
    )


def _open_quote(source: TextFile, offset: int, rest: bytes) -> InputError:
    begins = rest[:240].decode("utf-8", errors="ignore")[:60]
    return InputError(
        f"{source.path}: {place_of(source, offset)} opens a quote that is never closed; close it, "
        f"double every quote that belongs to the text, or set ingest.quoting: false if no cell is "
        f"in quotes. It begins {begins!r}."
    )


def _too_long(source: TextFile, offset: int, most_record_bytes: int) -> InputError:
    return InputError(
        f"{source.path}: {place_of(source, offset)} is longer than the limit of "
        f"{most_record_bytes:,} bytes; is a quote never closed?"
    )
