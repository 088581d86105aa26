"""Digest the columns of a part by their values, not by a file's bytes.

rows ─▶ table_digests ──────────────────▶ index of the files, before anything runs
reviews.parquet ─▶ column_digests ──────▶ digests of the part's artifact

The module imports nothing heavy, since planning uses it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


DIGESTED = ("text", "label", "split", "group")


def table_digests(rows: pa.Table, hashes: np.ndarray) -> dict[str, str]:
    """Return a digest of each column's values, and of the text hashes.

    Type, number of rows, nulls and values count. How Arrow has laid them out in memory (chunks,
    offsets, slices) does not. XXH3 with 128 bits: accidental equality does not occur, and nobody
    gains by forging their own cache.

    Parameters
    ----------
    rows : string and int8 columns.
    hashes : uint64: the text hash of each row.
    """
    import pyarrow as pa

    by_column = {
        name: _text_digest(rows.column(name))
        if pa.types.is_string(rows.column(name).type)
        else _number_digest(rows.column(name))
        for name in rows.column_names
    }
    return {**by_column, "text_hash": _digest("uint64", len(hashes), hashes.data)}


def column_digests(folder: Path) -> dict[str, str]:
    """Return digests of a part's columns and of its ``reviews.parquet``.

    They are taken from the file and not from the rows that were written, since later stages read
    the file.
    """
    import hashlib

    import numpy as np

    from reviewflow.reviews.arrow import numbers
    from reviewflow.store.parquet import read_parquet

    path = folder / "reviews.parquet"
    table = read_parquet(path)
    hashes = numbers(table.column("text_hash").combine_chunks(), np.uint64)
    columns = table.select([c for c in DIGESTED if c in table.column_names])
    file_digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {**table_digests(columns, hashes), path.name: file_digest}


def _text_digest(column: pa.ChunkedArray) -> str:
    import numpy as np
    from xxhash import xxh3_128

    from reviewflow.reviews.arrow import nulls, text_and_ends

    sizes, absent, content = xxh3_128(), xxh3_128(), xxh3_128()
    for chunk in column.chunks:
        if len(chunk):
            view, ends = text_and_ends(chunk)
            sizes.update(np.diff(ends).data)
            absent.update(nulls(chunk).data)
            content.update(view[ends[0] : ends[-1]])
    return _digest("string", len(column), sizes.digest(), absent.digest(), content.digest())


def _number_digest(column: pa.ChunkedArray) -> str:
    import numpy as np
    from xxhash import xxh3_128

    from reviewflow.reviews.arrow import nulls, numbers

    values, absent = xxh3_128(), xxh3_128()
    for chunk in column.chunks:
        if len(chunk):
            values.update(numbers(chunk, np.int8).data)
            absent.update(nulls(chunk).data)
    return _digest(str(column.type), len(column), values.digest(), absent.digest())


def _digest(kind: str, rows: int, *contents: bytes | memoryview) -> str:
    from xxhash import xxh3_128

    hasher = xxh3_128(f"{kind} {rows} ".encode())
    for content in contents:
        hasher.update(content)
    return hasher.hexdigest()
