"""Write scores beside the input's columns, as a whole file or none.

batches ─▶ .OUT.making-… ─ flushed to the disk ─ one rename ─▶ OUT
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, Any

from reviewflow.errors import StoreError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = (".parquet", ".csv")
MAKING = "making-"


def check_output(path: Path) -> None:
    """Raise UsageError unless a file of scores can be written there."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(
            f"The output {path} must end in {' or '.join(FORMATS)}, which says how it is written."
        )
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent} for the output; make it first.")


class ScoreWriter:
    """Write batches to a file that gets its name at the end.

    Parameters
    ----------
    path : its ending says the format: ``.parquet`` or ``.csv``.
    schema : of the batches.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow as pa
        from pyarrow import csv, parquet

        self.path, self.schema = path, schema
        handle, name = mkstemp(prefix=f".{path.name}.{MAKING}", dir=path.parent)
        self._making = Path(name)
        self._file = os.fdopen(handle, "wb")
        self._writer: Any
        if path.suffix.lower() == ".csv":
            self._writer = csv.CSVWriter(pa.PythonFile(self._file), schema)
        else:
            # texts differ in nearly every row, so a dictionary would only cost time
            self._writer = parquet.ParquetWriter(
                self._file, schema, compression="lz4", use_dictionary=_short_columns(schema)
            )

    def write(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch."""
        self._writer.write_batch(batch)

    def publish(self) -> None:
        """Give the file its name, once its bytes are on the disk."""
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._making.chmod(0o644)
        os.replace(self._making, self.path)

    def discard(self) -> None:
        """Remove what was written, unless it has its name."""
        if self._file.closed:
            return
        with suppress(OSError):  # on a full disk, as writing did
            self._writer.close()
        with suppress(OSError):
            self._file.close()
        self._making.unlink(missing_ok=True)


@contextmanager
def score_writer(path: Path, schema: pa.Schema) -> Iterator[ScoreWriter]:
    """Give a writer, and leave nothing of it where the body fails.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    with output_errors(path):
        writer = ScoreWriter(path, schema)
        try:
            yield writer
        finally:
            writer.discard()


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn an OSError of the body about the output into a sentence."""
    try:
        yield
    except OSError as error:
        why = error.strerror or " ".join(str(error).split())
        raise StoreError(
            f"The scores cannot be written to {path} ({why}); free space or name another output."
        ) from None


def _short_columns(schema: pa.Schema) -> list[str]:
    """Return the columns of few distinct values: classes and versions."""
    from pyarrow import types

    return [field.name for field in schema if types.is_dictionary(field.type)]
