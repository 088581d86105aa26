"""Write scores beside the input's columns, as a whole file or none.

batches ─▶ .OUT.making-… ─ flushed to the disk ─ one rename ─▶ OUT

Whoever writes such a file holds a lock on it, which the kernel frees when the process is killed.
The next one to write in the folder removes every file that nobody holds.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from threading import Lock
from typing import IO, TYPE_CHECKING, Any

from reviewflow.errors import StoreError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = (".parquet", ".csv")
MAKING = "making-"
_UMASK_LOCK = Lock()


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
        if path.suffix.lower() == ".csv":
            _check_flat(path, schema)
        remove_leftovers(path.parent)
        self._making, self._file = _making_file(path)
        self._mode = usual_mode()
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

    def finish(self) -> None:
        """Write the end of the file, so that all its bytes are on the disk."""
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())

    def publish(self) -> None:
        """Give the finished file its name."""
        self._making.chmod(self._mode)
        os.replace(self._making, self.path)
        self._file.close()

    def discard(self) -> None:
        """Remove what was written, unless it has its name."""
        if self._file.closed:
            return
        self._making.unlink(missing_ok=True)
        with suppress(OSError):  # on a full disk, as writing did
            self._writer.close()
        with suppress(OSError):
            self._file.close()


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


def write_whole(path: Path, text: str) -> None:
    """Write a file beside the scores, so that it is there as a whole or not.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    making, file = _making_file(path)
    with file:
        try:
            file.write(text.encode())
            file.flush()
            making.chmod(usual_mode())
            os.replace(making, path)
        except BaseException:
            making.unlink(missing_ok=True)
            raise


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes were writing in a folder of scores.

    A file that a living process writes stays.
    """
    for path in folder.glob(f".*.{MAKING}*"):
        with suppress(OSError), path.open("rb") as file:  # another one may have removed it
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def usual_mode() -> int:
    """Return the mode that this process gives new files, by its umask."""
    with _UMASK_LOCK:
        mask = os.umask(0o077)  # it can only be read by setting it
        os.umask(mask)
    return 0o666 & ~mask


def _making_file(path: Path) -> tuple[Path, IO[bytes]]:
    """Open a file that gets the name of another at the end, and lock it."""
    while True:
        handle, name = mkstemp(prefix=f".{path.name}.{MAKING}", dir=path.parent)
        file = os.fdopen(handle, "wb")
        with suppress(BlockingIOError):  # one that removes leftovers may have come first
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(handle).st_nlink:
                return Path(name), file
        file.close()
        Path(name).unlink(missing_ok=True)


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


def _check_flat(path: Path, schema: pa.Schema) -> None:
    """Raise UsageError if a column holds lists or records, which CSV cannot."""
    from pyarrow import types

    for field in schema:
        if types.is_nested(field.type):
            raise UsageError(
                f"Column {field.name!r} holds {field.type} values, which CSV cannot; name an "
                f"output that ends in .parquet instead of {path.name}."
            )


def _short_columns(schema: pa.Schema) -> list[str]:
    """Return the columns of few distinct values: classes and versions."""
    from pyarrow import types

    return [field.name for field in schema if types.is_dictionary(field.type)]
