"""Stream a file of reviews as blocks of text, label and record number.

CSV, TSV ───┐
JSON Lines ─┼─ batches of words ─ labels map, blank texts ─▶ Block(rows, records, left_out)
Parquet ────┘
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reviewflow.config.words import label_word
from reviewflow.errors import InputError
from reviewflow.reviews.blank_texts import blank_texts
from reviewflow.reviews.columns import Columns
from reviewflow.reviews.csv_file import MOST_RECORD_BYTES, csv_batches
from reviewflow.reviews.json_lines_file import is_json_lines, json_lines_batches
from reviewflow.reviews.parquet_file import BATCH_ROWS, is_parquet, parquet_batches
from reviewflow.reviews.text_file import CHUNK_BYTES, TextFile, check_readable

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from reviewflow.config.sections import Ingest

NO_LABEL = -1
UNKNOWN_LABEL = -2
SHOWN_WORDS = 5
SHOWN_RECORDS = 3
SHOWN_HINTS = 2
MOST_WORDS = 100
OTHER_WORDS = "(other words)"


@dataclass(frozen=True)
class ChunkSizes:
    """How much is read at once. The rows do not depend on it."""

    chunk_bytes: int = CHUNK_BYTES
    most_record_bytes: int = MOST_RECORD_BYTES
    batch_rows: int = BATCH_ROWS


@dataclass(frozen=True)
class Block:
    """Consecutive records of a file.

    Attributes
    ----------
    rows : table of ``text`` string, ``label`` int8 and perhaps ``split`` and ``group`` string,
        R rows.
    records : int64, shape (R,): the record number of each row in the file, the header being 1.
    left_out : record numbers (int64, ascending) of the rows that are left out, by label word. None
        stands for those whose text is blank, whatever their label.
    """

    rows: pa.Table
    records: np.ndarray
    left_out: Mapping[str | None, np.ndarray]


def blocks(
    ingest: Ingest,
    path: Path,
    split_column: str | None,
    setting: str = "ingest.path",
    sizes: ChunkSizes = ChunkSizes(),
    needs_rows: bool = True,
) -> Iterator[Block]:
    """Yield the rows of one file in its order, a block at a time.

    A row whose text is blank is left out. An empty label cell gives a null label. A label word that
    the map lacks is an error at the end of the file, so that the message lists all of them, or
    leaves the row out where ``ingest.other_labels`` is ``drop``.

    Parameters
    ----------
    setting : the name of the setting that holds ``path``, for messages.
    needs_rows : whether a header without rows is an error.

    Raises
    ------
    InputError
        If the file cannot be read as the settings say, or no row is left.
    """
    check_readable(path, setting)
    columns = Columns(ingest.text_column, ingest.label_column, split_column, ingest.group_column)
    labels = known_labels(ingest)
    first = 1 if _holds_json_lines(ingest, path) else 2  # a header is record 1
    record, kept, blank = first, 0, 0
    unknown: dict[str, tuple[int, tuple[int, ...]]] = {}
    for batch in _batches(ingest, path, columns, sizes):
        block = _block(batch, labels, record, tuple(unknown))
        record += batch.num_rows
        kept += block.rows.num_rows
        blank += len(block.left_out.get(None, ()))
        unknown = add_word_counts(unknown, block.left_out)
        if block.rows.num_rows + len(block.left_out) and _is_needed(ingest, unknown):
            yield block
    if unknown and ingest.other_labels == "error":
        raise InputError(_unknown_labels(ingest, path, unknown))
    if kept == 0 and (needs_rows or record > first):
        raise InputError(_no_rows(ingest, path, record - first, blank))


def table_batches(
    ingest: Ingest, path: Path, setting: str = "ingest.path", sizes: ChunkSizes = ChunkSizes()
) -> Iterator[pa.RecordBatch]:
    """Yield every column of one file under its own name, string.

    Two columns may have one name. Of a Parquet file only columns of text, numbers and booleans are
    read.

    Parameters
    ----------
    setting : the name of the setting that holds ``path``, for messages.

    Raises
    ------
    InputError
        If the file cannot be read as the settings say.
    """
    check_readable(path, setting)
    yield from _batches(ingest, path, None, sizes)


def _batches(
    ingest: Ingest, path: Path, columns: Columns | None, sizes: ChunkSizes
) -> Iterator[pa.RecordBatch]:
    """Yield the columns of a file, every cell as text."""
    if is_parquet(path):
        return parquet_batches(path, columns, sizes.batch_rows)
    if _holds_json_lines(ingest, path):
        return json_lines_batches(TextFile(path, ingest, True), columns, sizes.chunk_bytes)
    source = TextFile(path, ingest)
    return csv_batches(source, columns, sizes.chunk_bytes, sizes.most_record_bytes)


def _holds_json_lines(ingest: Ingest, path: Path) -> bool:
    return not is_parquet(path) and is_json_lines(path, ingest)


def known_labels(ingest: Ingest) -> Mapping[str, int]:
    """Return the class of each label word.

    Raises
    ------
    ValueError
        If ``ingest.labels`` is auto: :func:`reviewflow.reviews.classes.find_labels` comes first.
    """
    if ingest.labels == "auto":
        raise ValueError("the label words are not found yet")
    return ingest.labels


def label_words(
    ingest: Ingest, path: Path, most: int, sizes: ChunkSizes = ChunkSizes()
) -> set[str]:
    """Return the distinct label words of a file.

    Empty cells and rows whose text is blank do not count. Reading ends early once there are more
    than ``most``.

    Raises
    ------
    InputError
        If the file cannot be read as the settings say.
    """
    columns = Columns(ingest.text_column, ingest.label_column)
    words: set[str] = set()
    for batch in _batches(ingest, path, columns, sizes):
        found, codes = words_and_codes(batch.column("label"))
        read = set(codes[~blank_texts(batch.column("text"))].tolist())
        words |= {str(found[code]) for code in read if found[code]}
        if len(words) > most:
            break
    return words


def _is_needed(ingest: Ingest, unknown: Mapping[str, object]) -> bool:
    """Return whether blocks are still used, and not only read to count words."""
    return not unknown or ingest.other_labels == "drop"


def _block(
    batch: pa.RecordBatch, labels: Mapping[str, int], record: int, known: tuple[str, ...]
) -> Block:
    import numpy as np
    import pyarrow as pa

    from reviewflow.reviews.arrow import bool_array, number_array

    words, codes = words_and_codes(batch.column("label"))
    meaning = np.array([class_of(word, labels) for word in words], np.int8)
    label = meaning[codes]
    absent = label == NO_LABEL
    records = np.arange(record, record + batch.num_rows)
    blank = blank_texts(batch.column("text"))
    unknown = (label == UNKNOWN_LABEL) & ~blank
    keep = ~(blank | unknown)
    columns = {
        "text": batch.column("text"),
        "label": number_array(np.where(absent, np.int8(0), label), pa.int8(), absent),
    }
    for name in ("split", "group"):
        if name in batch.schema.names:
            columns[name] = batch.column(name)
    rows = pa.table(columns)
    if keep.all():
        return Block(rows, records, {})
    left_out = _left_out(words, codes[unknown], records[unknown], known)
    if blank.any():
        left_out[None] = records[blank]
    return Block(rows.filter(bool_array(keep)), records[keep], left_out)


def words_and_codes(column: pa.DictionaryArray) -> tuple[list[str | None], np.ndarray]:
    """Return the label words, then None, and the index of each row's word."""
    import numpy as np

    from reviewflow.reviews.arrow import nulls, numbers

    words = [word and label_word(word) for word in column.dictionary.to_pylist()]
    words.append(None)
    absent = nulls(column.indices)
    return words, np.where(absent, len(words) - 1, numbers(column.indices, np.int32))


def class_of(word: str | None, labels: Mapping[str, int]) -> int:
    """Return the class of a label word, ``NO_LABEL``, or ``UNKNOWN_LABEL``."""
    if word is None or word == "":
        return NO_LABEL
    # Python writes True where YAML reads the map's key as true.
    if word not in labels and word in ("True", "TRUE", "False", "FALSE"):
        word = word.lower()
    return labels.get(word, UNKNOWN_LABEL)


def _left_out(
    words: list[str | None], codes: np.ndarray, records: np.ndarray, known: tuple[str, ...]
) -> dict[str | None, np.ndarray]:
    """Return the records of each unknown word.

    All words after the first ``MOST_WORDS`` count as one.
    """
    import numpy as np

    distinct, first = np.unique(codes, return_index=True)
    in_file_order = [int(distinct[position]) for position in np.argsort(first)]
    names = list(known)
    left_out: dict[str, list[np.ndarray]] = {}
    for code in in_file_order:
        name = str(words[code])
        if name not in names and len(names) >= MOST_WORDS:
            name = OTHER_WORDS
        elif name not in names:
            names.append(name)
        left_out.setdefault(name, []).append(records[codes == code])
    return {name: np.sort(np.concatenate(parts)) for name, parts in left_out.items()}


def add_word_counts(
    before: Mapping[str, tuple[int, tuple[int, ...]]], left_out: Mapping[str | None, np.ndarray]
) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Return rows and first records of each word, with ``left_out`` added.

    Rows whose text is blank are of no word.
    """
    counts = dict(before)
    for word, records in left_out.items():
        if word is None:
            continue
        rows, first = counts.get(word, (0, ()))
        more = tuple(int(record) for record in records[: SHOWN_RECORDS - len(first)])
        counts[word] = (rows + len(records), first + more)
    return counts


def _unknown_labels(
    ingest: Ingest, path: Path, unknown: Mapping[str, tuple[int, tuple[int, ...]]]
) -> str:
    shown = [
        f"{word[:40]!r} ({rows:,} {'row' if rows == 1 else 'rows'}, "
        f"{'record' if rows == 1 else 'first records'} {', '.join(f'{r:,}' for r in first)})"
        for word, (rows, first) in list(unknown.items())[:SHOWN_WORDS]
    ]
    more = len(unknown) - SHOWN_WORDS
    others = f" and {more:,} more words" if more > 0 else ""
    labels = known_labels(ingest)
    known = ", ".join(repr(word) for word in labels)
    hints = [hint for word in unknown if (hint := _hint(word, labels))][:SHOWN_HINTS]
    advice = "Add them to the map, or leave such rows out with ingest.other_labels: drop."
    return (
        f"{path}: column {ingest.label_column!r} holds labels that ingest.labels does not know: "
        f"{', '.join(shown)}{others}; known are {known}. {' '.join([*hints, advice])}"
    )


def _hint(word: str, labels: Mapping[str, int]) -> str | None:
    """Return a sentence on a known word that differs by case or spaces."""
    for known, label in labels.items():
        if "".join(word.split()).casefold() != "".join(known.split()).casefold():
            continue
        by_case = "".join(word.split()) != "".join(known.split())
        by_spaces = word.casefold() != known.casefold()
        by = " and ".join(["case"] * by_case + ["spaces"] * by_spaces)
        return f"{word[:40]!r} differs from {known!r} by {by}: add {word[:40]!r}: {label}."
    return None


def _no_rows(ingest: Ingest, path: Path, records: int, blank: int) -> str:
    if records == 0:
        return f"{path} has a header but no rows."
    if blank:
        others = "" if blank == records else ", and the others have labels without a class"
        return (
            f"{path}: column {ingest.text_column!r} is blank in {blank:,} of its {records:,} "
            f"rows{others}, so no row is left; check ingest.text_column."
        )
    known = ", ".join(repr(word) for word in known_labels(ingest))
    return (
        f"{path}: none of its {records:,} rows has a label that ingest.labels knows ({known}), so "
        "ingest.other_labels: drop leaves nothing."
    )
