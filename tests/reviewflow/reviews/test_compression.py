"""Packed files that cannot be read end with a sentence that says what they are."""

import gzip
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from reviewflow.errors import InputError
from reviewflow.reviews.compression import ZSTD, open_bytes, seekable_bytes

CONTENT = b"review,sentiment\n" + b"good and bad,positive\n" * 5000


def zip_of(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names:
            archive.writestr(name, CONTENT)
    return written.getvalue()


def zstd_of(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


@pytest.mark.parametrize("content", [gzip.compress(CONTENT), zstd_of(CONTENT), zip_of("a.csv")])
def test_a_packed_file_is_read_whole_or_not_at_all(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "reviews"
    path.write_bytes(content)
    with open_bytes(path) as stream:
        assert stream.read() == CONTENT
    with seekable_bytes(path) as again:
        assert not isinstance(again, Path)
        assert again.read() == CONTENT
    for length in (4, 9, len(content) // 2, len(content) - 5):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match="cannot be decompressed"), open_bytes(path) as stream:
            assert len(stream.read()) == len(CONTENT)
    if content.startswith(ZSTD):  # these frames have no checksum
        return
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(InputError, match="cannot be decompressed"), open_bytes(path) as stream:
        assert stream.read() == CONTENT


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zip_of("a.csv", "b.csv"), "holds 2 files; an archive of reviews must hold one"),
        (zip_of("folder/"), "holds 0 files"),
        (zip_of("[Content_Types].xml", "xl/workbook.xml"), "is a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook"),
        (b"7z\xbc\xaf\x27\x1c\0\0", "is a 7z archive; unpack it"),
        (b"BZh91AY&SY", "is a bzip2 file"),
        (b"\xfd7zXZ\0\0", "is an xz file"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"SQLite format 3\0", "is an SQLite database"),
    ],
)
def test_what_holds_no_lines_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused, open_bytes(path):
        pass
    assert words in str(refused.value)


def test_an_error_of_a_plain_file_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), open_bytes(tmp_path / "nowhere"):
        pass
