"""Read a file's bytes, decompressed where it is gzip, zstd or zip.

file ─ first bytes ─┬─ plain ──────────▶ as it is
                    ├─ gzip, zstd ─────▶ decompressed as a stream
                    ├─ zip, one member ▶ decompressed as a stream
                    └─ workbook, other archive ─▶ InputError that names it
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO

from reviewflow.errors import InputError

MAGIC_BYTES = 8
COPIED_BYTES = 1 << 20
GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
# formats that hold no lines of text, by their first bytes
OTHER_FORMATS = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it"),
    (b"Rar!", "a RAR archive; unpack it"),
    (b"BZh", "a bzip2 file; unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "an xz file; unpack it, or pack it with gzip"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook or another Office document; save it as CSV"),
    (b"%PDF", "a PDF document; save its table as CSV"),
    (b"SQLite f", "an SQLite database; export a table as CSV"),
)
PACKED_SUFFIXES = (".gz", ".zst", ".zip")
WORKBOOK_PARTS = ("[Content_Types].xml", "mimetype")


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, decompressed.

    Raises
    ------
    InputError
        If it is a workbook, an archive of several files or of another kind, or damaged: the last
        also while the body reads.
    """
    with path.open("rb") as file:
        first = file.read(MAGIC_BYTES)
    for magic, what in OTHER_FORMATS:
        if first.startswith(magic):
            raise InputError(f"{path} is {what}.")
    try:
        with _content(path, first) as stream:
            yield stream
    except (EOFError, zlib.error, zipfile.BadZipFile, OSError) as error:
        if not is_compressed(first):
            raise
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path} cannot be decompressed ({reason}); is it cut short? Fetch or pack it again."
        ) from None


@contextmanager
def seekable_bytes(path: Path) -> Iterator[Path | BinaryIO]:
    """Give a file that can be read at any place, unpacked if need be.

    The unpacked copy has no name and is gone with its last reader.

    Raises
    ------
    InputError
        As :func:`open_bytes`.
    """
    with path.open("rb") as file:
        packed = is_compressed(file.read(MAGIC_BYTES))
    if not packed:
        yield path
        return
    with TemporaryFile() as unpacked:
        with open_bytes(path) as stream:
            copyfileobj(stream, unpacked, COPIED_BYTES)
        unpacked.seek(0)
        yield unpacked


def plain_suffix(path: Path) -> str:
    """Return the suffix of a name in lower case, that of packing left out."""
    name = path.name.lower()
    for packed in PACKED_SUFFIXES:
        name = name.removesuffix(packed)
    return Path(name).suffix


def is_compressed(first: bytes) -> bool:
    """Return whether a file that begins so is gzip, zstd or zip."""
    return first.startswith((GZIP, ZSTD, ZIP))


def _content(path: Path, first: bytes) -> Any:
    """Return the stream of the file's content."""
    if first.startswith(ZIP):
        return _member(path)
    if not is_compressed(first):
        return path.open("rb")
    from pyarrow import input_stream

    return input_stream(str(path), compression="gzip" if first.startswith(GZIP) else "zstd")


@contextmanager
def _member(path: Path) -> Iterator[IO[bytes]]:
    """Open the one file that a zip archive holds."""
    with zipfile.ZipFile(path) as archive:
        members = [each for each in archive.infolist() if not each.is_dir()]
        names = [each.filename for each in members]
        if any(name in WORKBOOK_PARTS for name in names):
            raise InputError(f"{path} is a workbook or another Office document; save it as CSV.")
        # macOS adds a file of its own for every file that it packs
        members = [each for each in members if not each.filename.startswith("__MACOSX/")]
        if len(members) != 1:
            raise InputError(
                f"{path} holds {len(members):,} files; an archive of reviews must hold one. "
                "Unpack it, and name one of them."
            )
        if members[0].flag_bits & 1:
            raise InputError(f"{path} is encrypted; unpack it, and name the file.")
        with archive.open(members[0]) as stream:
            yield stream
