"""Decode a text file to UTF-8, and locate bytes that cannot be decoded.

file ─ decode ─▶ utf8_chunks ─▶ whole records ─▶ Arrow's CSV reader
                      └─ offset of a bad byte ─ record_at ─▶ "record 17"
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reviewflow.config.sections import Ingest
from reviewflow.errors import InputError
from reviewflow.reviews.compression import open_bytes, plain_suffix

CHUNK_BYTES = 1 << 20
TAB_SUFFIXES = (".tsv", ".tab")
SEPARATOR_LINES = re.compile(  # sep=; or "sep=;"
    r'[\r\n]*(?:("?)sep=(?P<sign>[^\r\n"])\1(?:\r\n?|\n)[\r\n]*)+', re.IGNORECASE
)
COUNTED_BYTES = 1 << 28  # beyond 256 MB a message names the byte instead of the record
BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True)
class TextFile:
    """A delimited file, and the settings by which it is read."""

    path: Path
    settings: Ingest
    holds_lines: bool = False  # a record a line, and no header, as in JSON Lines

    @property
    def encoding(self) -> str:
        """Return the text encoding of the file."""
        return self.settings.encoding

    @property
    def quoting(self) -> bool:
        """Return whether a cell may be in quotes."""
        return self.settings.quoting

    def cells(self, text: io.StringIO) -> Iterator[list[str]]:
        """Yield the cells of each record of a text."""
        if not self.quoting:
            return csv.reader(text, delimiter=self.delimiter, quoting=csv.QUOTE_NONE)
        return csv.reader(text, delimiter=self.delimiter)

    @cached_property
    def delimiter(self) -> str:
        """Return the character between two cells.

        A first line such as ``sep=;``, which Excel reads and writes, comes before the setting.
        """
        declared = declared_delimiter(beginning(self))
        if declared or self.settings.delimiter:
            return declared or str(self.settings.delimiter)
        return "\t" if plain_suffix(self.path) in TAB_SUFFIXES else ","


def declared_delimiter(text: str) -> str | None:
    """Return the delimiter that the first line of a text names, if any."""
    match = SEPARATOR_LINES.match(text.removeprefix("\ufeff"))
    return match["sign"] if match else None


def check_readable(path: Path, setting: str) -> None:
    """Raise InputError unless ``path`` is a readable file that is not empty."""
    try:
        with path.open("rb") as file:
            first = file.read(1)
    except FileNotFoundError:
        raise InputError(f"There is no file {path}; {setting} must name the reviews.") from None
    except IsADirectoryError:
        raise InputError(
            f"{path} is a directory; {setting} must name one CSV, TSV, JSON Lines or Parquet file."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} ({setting}) cannot be read: {reason}.") from None
    if not first:
        raise InputError(f"{path} is empty; it must hold a header and rows.")


def check_delimiter(delimiter: str) -> None:
    """Raise InputError unless this character can separate cells."""
    if not delimiter.isascii() or delimiter in '"\r\n\0':
        raise InputError(
            f"ingest.delimiter {delimiter!r} cannot separate cells; it must be an ASCII character "
            "other than a quote or an end of line, like a comma or a tab."
        )


def decoder_for(encoding: str) -> codecs.IncrementalDecoder:
    """Return a decoder for an encoding.

    Raises
    ------
    InputError
        If Python knows no such text encoding.
    """
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        return codecs.getincrementaldecoder(encoding)()
    except (LookupError, ValueError):
        raise InputError(
            f"ingest.encoding {encoding!r} is not an encoding that Python knows; "
            "use utf-8, utf-16, latin-1, windows-1252 or their like."
        ) from None


def utf8_chunks(source: TextFile, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the file as UTF-8 in pieces of about ``chunk_bytes``.

    Raises
    ------
    InputError
        If the file holds a NUL byte, or a byte that the encoding cannot decode.
    """
    offset = 0
    for chunk in _decode(source, chunk_bytes):
        nul = chunk.find(b"\0")
        if nul >= 0:
            raise InputError(
                f"{source.path} holds a NUL byte in {place_of(source, offset + nul)}, so it is not "
                f"{source.encoding} text; {_advice(source)}."
            )
        yield chunk
        offset += len(chunk)


def _decode(source: TextFile, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the same without the check for NUL.

    All text before a bad byte is yielded before the error is raised.
    """
    decoder = decoder_for(source.encoding)
    is_utf8 = codecs.lookup(source.encoding).name in ("utf-8", "utf-8-sig")
    offset = 0
    with open_bytes(source.path) as file:
        while True:
            raw = file.read(chunk_bytes)
            if is_utf8 and _pass_through(decoder, raw):
                chunk, wrong = raw, False
            else:
                text, wrong = _text(decoder, raw)
                # A lone surrogate is not a character and has no bytes in UTF-8.
                chunk = raw if is_utf8 and not wrong else text.encode("utf-8", errors="replace")
            if chunk:
                yield chunk
            offset += len(chunk)
            if wrong:
                raise _undecodable(source, offset)
            if not raw:
                return


def _pass_through(decoder: codecs.IncrementalDecoder, raw: bytes) -> bool:
    """Advance a UTF-8 decoder over valid bytes without decoding them.

    Arrow validates bytes ten times as fast as Python decodes them.
    """
    from reviewflow.reviews.arrow import is_utf8

    state = decoder.getstate()
    content = state[0] + raw
    end = len(content) - _unfinished_bytes(content)
    if not raw or not is_utf8(content[:end]):
        return False
    decoder.setstate((b"", 0 if end else state[1]))
    try:
        decoder.decode(content[end:])
    except UnicodeError:
        decoder.setstate(state)
        return False
    return True


def _unfinished_bytes(content: bytes) -> int:
    """Return the number of bytes at the end that may be half a character."""
    for count, byte in enumerate(reversed(content[-3:]), start=1):
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return count if count < needed else 0
        if byte < 0x80:
            return 0
    return 0


def _text(decoder: codecs.IncrementalDecoder, raw: bytes) -> tuple[str, bool]:
    """Return the text before the first bad byte, and whether there is one."""
    state = decoder.getstate()
    try:
        return decoder.decode(raw, final=not raw), False
    except UnicodeError as error:
        decoder.setstate(state)
        start = getattr(error, "start", 0) - len(state[0])
        try:
            return decoder.decode(raw[: max(start, 0)]), True
        except UnicodeError:  # UTF-16 without a byte-order mark cannot be decoded from its start
            return "", True


def beginning(source: TextFile) -> str:
    """Return the text of the first kilobyte, as far as it can be decoded."""
    with open_bytes(source.path) as file:
        return _text(decoder_for(source.encoding), file.read(1 << 10))[0]


def _undecodable(source: TextFile, offset: int) -> InputError:
    return InputError(
        f"{source.path} is not {source.encoding} text: {place_of(source, offset)} holds a byte "
        f"that cannot be decoded; {_advice(source)}."
    )


def place_of(source: TextFile, offset: int) -> str:
    """Return the record that holds a byte in words, else the byte."""
    record = record_at(source, offset)
    kind = "line" if source.holds_lines else "record"
    return f"byte {offset + 1:,}" if record is None else f"{kind} {record:,}"


def _advice(source: TextFile) -> str:
    """Return a suggestion of an encoding that may fit."""
    with open_bytes(source.path) as file:
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
    """Return the number of the record that holds a byte, or None if unknown.

    The header is record 1, also after a line such as ``sep=;``. In a file that holds lines, it is
    the number of the line.

    Parameters
    ----------
    offset : number of bytes of the file, as UTF-8, before this one.
    """
    if offset > COUNTED_BYTES:
        return None
    before = bytearray()
    for chunk in _decode(source) if offset else ():
        before += chunk
        if len(before) >= offset:
            break
    # The letter replaces the byte itself, so that a record that begins with it is counted.
    if source.holds_lines:
        return 1 + before[:offset].count(b"\n")
    text = before[:offset].decode("utf-8", errors="replace").removeprefix("\ufeff") + "x"
    text = SEPARATOR_LINES.sub("", text, count=1) if SEPARATOR_LINES.match(text) else text
    try:
        return sum(1 for row in source.cells(io.StringIO(text, newline="")) if row)
    except csv.Error:
        return None
