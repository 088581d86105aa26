"""Write a part of the reviews, with a hash and a length of each text."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from reviewflow.context import Context
from reviewflow.reviews.arrow import number_array
from reviewflow.reviews.chunking import text_hashes


def ingest_part(*, rows: pa.Table, folder: Path, context: Context) -> dict[str, int]:
    """Write the rows of a part.

    Parameters
    ----------
    rows : ``text`` string, ``label`` int8 and, where they are read, ``split`` and ``group``
        string; R rows.
    folder : gets ``reviews.parquet``: ``text`` string, ``label`` int8 (null where the cell was
        empty), ``text_hash`` uint64, ``characters`` int32 (null for a null text) and, where
        they are read, ``split`` and ``group`` string.

    Returns
    -------
    Number of ``rows``, and ``bytes`` of UTF-8 text.
    """
    from pyarrow import compute, parquet

    context.check_stop()
    text = rows.column("text").combine_chunks()
    columns = {
        "text": text,
        "label": rows.column("label"),
        "text_hash": number_array(text_hashes(rows.column("text")), pa.uint64()),
        "characters": compute.utf8_length(text),
    }
    for name in ("split", "group"):
        if name in rows.column_names:
            columns[name] = rows.column(name)
    table = pa.table(columns)
    parquet.write_table(table, folder / "reviews.parquet", compression="zstd", compression_level=1)
    return {
        "rows": table.num_rows,
        "bytes": int(compute.sum(compute.binary_length(text)).as_py() or 0),
    }
