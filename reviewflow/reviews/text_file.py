"""The bytes of a text file as UTF-8, and where in it something is wrong.

file ─ decode ─▶ utf8_chunks ─▶ Utf8Stream (+ a last record of our own) ─▶ Arrow's CSV reader
                      └─ offset of a bad byte ─ record_at ─▶ "record 17"
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reviewflow.errors import InputError

CHUNK_BYTES = 1 << 20
COUNTED_BYTES = 1 << 28  # no record number is looked up beyond 256 MB: the message names the byte
BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True)
class TextFile:
    """A delimited file and how its bytes are to be read."""

    path: Path
    encoding: str = "utf-8"
    delimiter: str = ","


def check_readable(path: Path, setting: str) -> None:
    """Raise InputError if ``path`` is no file with at least one byte that may be read."""
    try:
        with path.open("rb") as file:
            first = file.read(1)
    except FileNotFoundError:
        raise InputError(f"There is no file {path}; {setting} must name the reviews.") from None
    except IsADirectoryError:
        raise InputError(
            f"{path} is a directory; {setting} must name one CSV, TSV or Parquet file."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} ({setting}) cannot be read: {reason}.") from None
    if not first:
        raise InputError(f"{path} is empty; it must hold a header and rows.")


def check_delimiter(delimiter: str) -> None:
    """Raise InputError unless cells can be cut at this character."""
    if not delimiter.isascii() or delimiter in '"\r\n\0':
        raise InputError(
            f"ingest.delimiter {delimiter!r} cannot cut cells; it must be an ASCII character "
            "other than a quote or an end of line, like a comma or a tab."
        )


def decoder_for(encoding: str) -> codecs.IncrementalDecoder:
    """A decoder for an encoding; InputError if Python knows no such text encoding."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        return codecs.getincrementaldecoder(encoding)()
    except (LookupError, ValueError):
        raise InputError(
            f"ingest.encoding {encoding!r} is not an encoding that Python knows; "
            "use utf-8, utf-16, latin-1, windows-1252 or their like."
        ) from None


def utf8_chunks(source: TextFile, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The file as UTF-8 in pieces of about ``chunk_bytes``.

    Raises
    ------
    InputError
        At a NUL byte and at the first byte that the encoding cannot decode.
    """
    offset = 0
    for chunk in _decoded(source, chunk_bytes):
        nul = chunk.find(b"\0")
        if nul >= 0:
            raise InputError(
                f"{source.path} holds a NUL byte in {place_of(source, offset + nul)}, so it is no "
                f"{source.encoding} text; {_advice(source)}."
            )
        yield chunk
        offset += len(chunk)


def _decoded(source: TextFile, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """As ``utf8_chunks`` without the check; all before a bad byte is given before the error."""
    decoder = decoder_for(source.encoding)
    is_utf8 = codecs.lookup(source.encoding).name in ("utf-8", "utf-8-sig")
    offset = 0
    with source.path.open("rb") as file:
        while True:
            raw = file.read(chunk_bytes)
            if is_utf8 and _passed(decoder, raw):
                chunk, wrong = raw, False
            else:
                text, wrong = _text(decoder, raw)
                # A lone surrogate is no character, and has no bytes in UTF-8.
                chunk = raw if is_utf8 and not wrong else text.encode("utf-8", errors="replace")
            if chunk:
                yield chunk
            offset += len(chunk)
            if wrong:
                raise _undecodable(source, offset)
            if not raw:
                return


def _passed(decoder: codecs.IncrementalDecoder, raw: bytes) -> bool:
    """Whether a UTF-8 decoder would take these bytes; if so, it is as if it had.

    Arrow looks at the bytes alone, ten times as fast as a text is made of them.
    """
    from reviewflow.reviews.arrow import valid_utf8

    state = decoder.getstate()
    content = state[0] + raw
    end = len(content) - _unfinished_bytes(content)
    if not raw or not valid_utf8(content[:end]):
        return False
    decoder.setstate((b"", 0 if end else state[1]))
    try:
        decoder.decode(content[end:])
    except UnicodeError:
        decoder.setstate(state)
        return False
    return True


def _unfinished_bytes(content: bytes) -> int:
    """Bytes at the end that may begin a character of UTF-8 that goes on behind them."""
    for count, byte in enumerate(reversed(content[-3:]), start=1):
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return count if count < needed else 0
        if byte < 0x80:
            return 0
    return 0


def _text(decoder: codecs.IncrementalDecoder, raw: bytes) -> tuple[str, bool]:
    """What can be decoded, and whether something could not."""
    state = decoder.getstate()
    try:
        return decoder.decode(raw, final=not raw), False
    except UnicodeError as error:
        decoder.setstate(state)
        start = getattr(error, "start", 0) - len(state[0])
        try:
            return decoder.decode(raw[: max(start, 0)]), True
        except UnicodeError:  # UTF-16 without a mark at its start has no good beginning
            return "", True


def _undecodable(source: TextFile, offset: int) -> InputError:
    return InputError(
        f"{source.path} is not {source.encoding} text: {place_of(source, offset)} holds a byte "
        f"that cannot be decoded; {_advice(source)}."
    )


def place_of(source: TextFile, offset: int) -> str:
    """The record that holds a byte, in words; the byte itself where that cannot be told."""
    record = record_at(source, offset)
    return f"byte {offset + 1:,}" if record is None else f"record {record:,}"


def _advice(source: TextFile) -> str:
    """Which encoding might fit, in words."""
    with source.path.open("rb") as file:
        head = file.read(CHUNK_BYTES)
    for mark, name in BYTE_ORDER_MARKS:
        if head.startswith(mark) and not source.encoding.lower().startswith(name):
            return f"its first bytes say {name}: set ingest.encoding: {name}"
    if b"\0" in head:
        return "if it is UTF-16 without a mark, set ingest.encoding: utf-16-le, else remove the NUL"
    for name in ("utf-8", "windows-1252", "latin-1"):
        if codecs.lookup(name) != codecs.lookup(source.encoding) and _decodes(head, name):
            return f"it may be {name}: set ingest.encoding: {name} if so"
    return "name its encoding in ingest.encoding"


def _decodes(head: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def record_at(source: TextFile, offset: int) -> int | None:
    """The number of the record (the header is 1) that holds a byte; None if it cannot be told.

    Parameters
    ----------
    offset : bytes of the file, as UTF-8, before the one that is looked for.
    """
    if offset > COUNTED_BYTES:
        return None
    before = bytearray()
    for chunk in _decoded(source) if offset else ():
        before += chunk
        if len(before) >= offset:
            break
    # The letter stands for the byte itself, so that its record is counted where it begins.
    text = before[:offset].decode("utf-8", errors="replace").removeprefix("\ufeff") + "x"
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=source.delimiter)
    try:
        return sum(1 for row in rows if row)
    except csv.Error:
        return None
