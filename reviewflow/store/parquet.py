"""Read Parquet files of the store without ``pyarrow.dataset``."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return some columns of a file, or all of them.

    ``pyarrow.parquet.read_table`` gives the same and goes through ``pyarrow.dataset``, which
    imports pandas (a third of a second) and takes twice as long to read a part's tokens.
    """
    names = None if columns is None else list(columns)
    with pq.ParquetFile(path) as file:
        # one by one, since lists of dictionary values cannot be read across row groups
        groups = [file.read_row_group(n, names) for n in range(file.num_row_groups)]
        return pa.concat_tables(groups) if groups else file.read(names)
