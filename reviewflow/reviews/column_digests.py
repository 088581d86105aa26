"""What tells two parts apart once they are written; light to import, since planning does so."""

from __future__ import annotations

from pathlib import Path

from reviewflow.reviews.chunking import digests


def written_digests(folder: Path) -> dict[str, str]:
    """Digests of what was written: of each column's decoded values, and of the file.

    They are what later stages' keys are made of, so they are taken from the file and not from
    the rows that were handed in: a reader follows what it reads.
    """
    import hashlib

    import numpy as np

    from reviewflow.reviews.arrow import numbers
    from reviewflow.store.parquet import read_parquet

    path = folder / "reviews.parquet"
    table = read_parquet(path)
    hashes = numbers(table.column("text_hash").combine_chunks(), np.uint64)
    columns = table.select([c for c in ("text", "label", "split") if c in table.column_names])
    whole = hashlib.sha256(path.read_bytes()).hexdigest()
    return {**digests(columns, hashes), path.name: whole}
