"""Stream a Parquet file as the same record batches that a CSV file gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reviewflow.config.words import scalar_word
from reviewflow.errors import InputError
from reviewflow.reviews.columns import Columns, check_columns
from reviewflow.reviews.compression import open_bytes, seekable_bytes

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 2_048
MAGIC = b"PAR1"
SUFFIXES = (".parquet", ".pq")


def is_parquet(path: Path) -> bool:
    """Return whether a file is Parquet, by its first bytes or by its name."""
    with open_bytes(path) as file:
        return file.read(len(MAGIC)) == MAGIC or path.suffix.lower() in SUFFIXES


def parquet_batches(
    path: Path, columns: Columns | None, batch_rows: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """Yield the given columns of a Parquet file.

    Parameters
    ----------
    columns : the columns to read; None reads every column of text, numbers or booleans whose name
        occurs once.

    Yields
    ------
    RecordBatch of ``text`` string, ``label`` dictionary<int32, string> and, where ``columns``
    names them, ``split`` and ``group`` string. Where it is None: every such column under its own
    name, string. Nulls stay null. Numbers and booleans become words.

    Raises
    ------
    InputError
        If the file is damaged, lacks a column, or a column cannot be read as text.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        # Without pre-buffering a row group is read page by page, so memory stays flat.
        with (
            seekable_bytes(path) as content,
            parquet.ParquetFile(content, pre_buffer=False, buffer_size=1 << 20) as file,
        ):
            schema = file.schema_arrow
            if columns is None:
                names = _word_columns(schema)
            else:
                check_columns(path, schema.names, columns)
                _check_types(path, schema, columns)
                names = list(columns.by_role().values())
            for batch in file.iter_batches(batch_rows, columns=names, use_threads=False):
                if batch.num_rows:
                    yield _as_words(batch, columns)
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path} cannot be read as Parquet ({reason}); is it cut short or of another format?"
        ) from None


def _check_types(path: Path, schema: Any, columns: Columns) -> None:
    for setting, name in columns.settings().items():
        kind = schema.field(name).type
        is_text = setting == "ingest.text_column"
        if not (_is_text(kind) or (not is_text and _is_scalar(kind))):
            expected = "text" if is_text else "text, numbers or booleans"
            raise InputError(
                f"{path}: column {name!r} ({setting}) holds {kind}, but must hold {expected}."
            )


def _word_columns(schema: Any) -> list[str]:
    return [
        field.name
        for field in schema
        if schema.names.count(field.name) == 1 and (_is_text(field.type) or _is_scalar(field.type))
    ]


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_scalar(kind: Any) -> bool:
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    scalars = (types.is_integer, types.is_floating, types.is_boolean, types.is_null)
    return any(fits(kind) for fits in scalars)


def _as_words(batch: pa.RecordBatch, columns: Columns | None) -> pa.RecordBatch:
    import pyarrow as pa

    if columns is None:
        return pa.RecordBatch.from_arrays(
            [text_values(values) for values in batch.columns], names=batch.schema.names
        )
    words = {role: batch.column(name) for role, name in columns.by_role().items()}
    arrays = [
        dictionary_of_words(values) if role == "label" else text_values(values)
        for role, values in words.items()
    ]
    return pa.RecordBatch.from_arrays(arrays, names=list(words))


def text_values(values: pa.Array) -> pa.Array:
    """Return values as a string array whose null cells hold no bytes."""
    import pyarrow as pa

    if pa.types.is_dictionary(values.type) or not pa.types.is_string(values.type):
        words = dictionary_of_words(values)
        return words.dictionary_decode() if len(words.dictionary) else words.cast(pa.string())
    return pa.array(values.to_pylist(), pa.string()) if values.null_count else values


def dictionary_of_words(values: pa.Array) -> pa.DictionaryArray:
    """Return cells as a configuration writes them, each word once."""
    import pyarrow as pa

    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    words = [word_of(value) for value in coded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(
        coded.indices.cast(pa.int32()), pa.array(words, pa.string())
    )


def word_of(value: Any) -> str | None:
    """Return a cell as a configuration writes it, and None for what is none."""
    return None if value is None or value != value else scalar_word(value)
