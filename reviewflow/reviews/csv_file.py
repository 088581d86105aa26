"""A CSV or TSV file, streamed as record batches, every cell as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reviewflow.errors import InputError
from reviewflow.reviews.columns import Columns, check_columns
from reviewflow.reviews.source import TextFile, Utf8Stream, header

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = (1 << 20, 1 << 24, 1 << 27, 1 << 30)  # the next is tried where a record does not fit
FOOTER_CELLS = ("\x02", "\x03")


def csv_batches(
    source: TextFile, columns: Columns, block_bytes: tuple[int, ...] = BLOCK_BYTES
) -> Iterator[pa.RecordBatch]:
    """The wanted columns of a CSV file, in pieces of about a megabyte.

    Cells are taken as they stand: ``NA`` and ``null`` are words. Blank lines are no records.
    A record may hold as many bytes as the last of ``block_bytes`` (1 GB).

    Yields
    ------
    RecordBatch of ``text`` string, ``label`` dictionary<int32, string> and, where it is asked
    for, ``split`` string; none is null.

    Raises
    ------
    InputError
        With the record's number (the header is 1) wherever a record is the reason.
    """
    names = header(source)
    check_columns(source.path, names, columns, source.delimiter)
    done = 0
    for size in block_bytes:
        try:
            for batch in _closed_batches(source, columns, len(names), size, done):
                done += batch.num_rows
                yield batch
            return
        except _RecordTooLongError:
            continue
    raise InputError(
        f"{source.path}: a record after record {done + 1:,} is longer than the limit of "
        f"{block_bytes[-1]:,} bytes; is a quote never closed?"
    )


class _RecordTooLongError(Exception):
    """A record is longer than the reader's block; a larger block may hold it."""


def _closed_batches(
    source: TextFile, columns: Columns, width: int, block_bytes: int, skip: int
) -> Iterator[pa.RecordBatch]:
    """The batches without the footer record that marks the end, and without ``skip`` rows.

    The footer is a record of ours behind the last one. Where it does not come out as the last
    record, a quote was open at the end of the file and has swallowed it.
    """
    cell = FOOTER_CELLS[source.delimiter == FOOTER_CELLS[0]]
    footer = f"\n{source.delimiter.join([cell] * width)}\n".encode()
    records = 1
    held = None
    for batch in _batches(source, columns, footer, block_bytes):
        if held is not None:
            records += held.num_rows
            yield from _after(held, skip - (records - 1 - held.num_rows))
        held = batch
    records += held.num_rows if held else 0
    if held is None or any(column[-1].as_py() != cell for column in held.columns):
        raise _unclosed(source, records)
    last = held.slice(0, held.num_rows - 1)
    yield from _after(last, skip - (records - 1 - held.num_rows))


def _after(batch: pa.RecordBatch, skip: int) -> Iterator[pa.RecordBatch]:
    rest = batch.slice(min(max(skip, 0), batch.num_rows))
    if rest.num_rows:
        yield rest


def _unclosed(source: TextFile, record: int) -> InputError:
    return InputError(
        f"{source.path}: record {record:,} opens a quote that is never closed; close it, or double "
        "every quote that belongs to the text."
    )


def _batches(
    source: TextFile, columns: Columns, footer: bytes, block_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Arrow's batches under our column names, its errors in our words."""
    import pyarrow as pa

    wrong_rows: list[Any] = []
    stream = Utf8Stream(source, footer)
    try:
        reader = _reader(stream, columns, source.delimiter, block_bytes, wrong_rows)
        for batch in reader:
            if batch.num_rows:
                yield pa.RecordBatch.from_arrays(batch.columns, names=list(columns.by_role()))
    except (pa.ArrowInvalid, pa.ArrowKeyError, ValueError) as error:
        raise _in_words(source, footer, wrong_rows, error) from None
    finally:
        stream.close()


def _reader(
    stream: Utf8Stream, columns: Columns, delimiter: str, block_bytes: int, wrong_rows: list[Any]
) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    def refuse(row: Any) -> str:
        wrong_rows.append(row)
        return "error"

    types = {name: pa.string() for name in columns.by_role().values()}
    return csv.open_csv(
        stream,
        # One thread: Arrow numbers the records only then, and parsing is the cheapest part.
        read_options=csv.ReadOptions(use_threads=False, block_size=block_bytes),
        parse_options=csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse
        ),
        convert_options=csv.ConvertOptions(
            column_types={**types, columns.label: pa.dictionary(pa.int32(), pa.string())},
            include_columns=list(types),
            strings_can_be_null=False,
        ),
    )


def _in_words(
    source: TextFile, footer: bytes, wrong_rows: list[Any], error: Exception
) -> Exception:
    if wrong_rows:
        row = wrong_rows[0]
        cells = "1 cell" if row.actual_columns == 1 else f"{row.actual_columns:,} cells"
        if footer.decode().strip("\n") in row.text:
            return _unclosed(source, row.number)
        return InputError(
            f"{source.path}: record {row.number:,} has {cells} where the "
            f"header has {row.expected_columns:,}; quote cells that hold the delimiter. "
            f"It begins {row.text[:60]!r}."
        )
    message = str(error)
    if "straddling" in message or "cannot infer number of columns" in message:
        return _RecordTooLongError()
    return InputError(f"{source.path} cannot be read as CSV: {' '.join(message.split())}.")
