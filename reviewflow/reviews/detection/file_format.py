"""Find the encoding and the delimiter of a file.

first bytes, unpacked ─▶ Parquet ───────────────────────▶ FileFormat
                      └─▶ byte-order mark, NULs, UTF-8, scripts ─▶ text
text ─▶ JSON Lines ──▶ FileFormat
    └─▶ delimiter ───▶ FileFormat
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from itertools import islice
from os.path import exists, isdir, isfile
from pathlib import Path

from reviewflow.config.sections import Ingest
from reviewflow.errors import InputError
from reviewflow.reviews.compression import open_bytes, plain_suffix
from reviewflow.reviews.json_lines_file import is_json_lines
from reviewflow.reviews.parquet_file import is_parquet
from reviewflow.reviews.text_file import (
    BYTE_ORDER_MARKS,
    CHUNK_BYTES,
    TAB_SUFFIXES,
    check_readable,
    declared_delimiter,
)

FILE = "FILE"  # what messages call the argument of init
DELIMITERS = (",", "\t", ";", "|")
FASTTEXT_LABEL = "__label__"
RECORDS = 500  # from which the delimiter is found
AGREEING = 0.9  # share of records with as many cells as the header
# Encodings of other scripts: a sign that is common in each, and its least share of all characters
# beyond ASCII. The first one that decodes the text and has that share is taken.
SCRIPTS = (
    ("euc_jp", "[ぁ-んァ-ン]", 0.3),
    ("gb18030", "[的了是不我在有很好]", 0.04),
    ("big5", "[的了是不我在有很好這]", 0.04),
    ("cp932", "[ぁ-んァ-ン]", 0.3),
    ("cp949", "[가-힣]", 0.6),
    ("windows-1251", "[а-я]", 0.6),
    ("koi8-r", "[а-я]", 0.6),
)
OTHER_SCRIPT = 0.3  # share of characters beyond ASCII from which a text is not Western European


@dataclass(frozen=True)
class FileFormat:
    """How a file is read.

    Attributes
    ----------
    quoting : whether a cell may be in quotes.
    doubt : what is a guess about the encoding. None if it is certain.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quoting: bool = True
    is_parquet: bool = False
    is_json_lines: bool = False
    doubt: str | None = None


def find_format(path: Path) -> FileFormat:
    """Return the encoding and the delimiter of a file.

    Raises
    ------
    InputError
        If the file cannot be read, or is of a kind that reviewflow does not read.
    """
    if exists(path) and not (isfile(path) or isdir(path)):
        raise InputError(f"{path} is not a regular file; save the reviews in one first.")
    check_readable(path, FILE)
    with open_bytes(path) as file:
        head = file.read(CHUNK_BYTES)
    if is_parquet(path):
        return FileFormat(is_parquet=True)
    encoding, doubt = find_encoding(path, head)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")
    if is_json_lines(path, Ingest(encoding=encoding)):
        return FileFormat(encoding, is_json_lines=True, doubt=doubt)
    if text.startswith(FASTTEXT_LABEL):
        raise InputError(
            f"{path} is a file for fastText, whose lines begin with {FASTTEXT_LABEL}; write it as "
            "CSV with a column of texts and one of labels."
        )
    if text.lstrip()[:1] in ("{", "["):
        raise InputError(
            f"{path} is one JSON value; write it as JSON Lines, one object a line: in pandas with "
            "read_json and to_json(orient='records', lines=True)."
        )
    is_whole = len(head) < CHUNK_BYTES
    delimiter = find_delimiter(path, text, is_whole)
    return FileFormat(encoding, delimiter, uses_quotes(text, delimiter, is_whole), doubt=doubt)


def find_encoding(path: Path, head: bytes) -> tuple[str, str | None]:
    """Return the encoding of a text file, and what is a guess about it.

    Parameters
    ----------
    head : the first bytes of the file.
    """
    for mark, name in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return name, None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even + odd:
        wide = "utf-16-le" if odd > even else "utf-16-be"
        return (wide if "\n" in _decode(head, wide) else "utf-8"), None
    if _is_utf8(path):
        return "utf-8", None
    name = _legacy_encoding(head)
    return name, (
        f"the file is not UTF-8, and {name} is a guess; name another one if letters look wrong"
    )


def _is_utf8(path: Path) -> bool:
    """Return whether the whole file is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_bytes(path) as file:
            while chunk := file.read(CHUNK_BYTES):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _legacy_encoding(head: bytes) -> str:
    """Return the likely encoding of bytes that are not UTF-8."""
    beyond = sum(byte >= 0x80 for byte in head)
    letters = beyond + sum(chr(byte).isalpha() for byte in head if byte < 0x80)
    if beyond > OTHER_SCRIPT * letters:
        for name, sign, share in SCRIPTS:
            text = _decode(head, name)
            wide = sum(not character.isascii() for character in text)
            if wide and len(re.findall(sign, text)) >= share * wide:
                return name
    return "windows-1252" if _decode(head, "windows-1252") else "latin-1"


def _decode(head: bytes, encoding: str) -> str:
    """Return the text of bytes that may end within a character, or nothing."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return ""


def find_delimiter(path: Path, text: str, is_whole: bool) -> str:
    """Return the character between two cells.

    A first line such as ``sep=;`` names it. Else it is the one with which the most records have as
    many cells as the header, and of equally good ones the one with the most cells.

    Parameters
    ----------
    text : the beginning of the file.
    is_whole : whether it is the whole file, so that its last record has an end.
    """
    declared = declared_delimiter(text)
    if declared:
        return declared
    usual = "\t" if plain_suffix(path) in TAB_SUFFIXES else ","
    scores: list[tuple[bool, float, int, bool, str]] = []
    for delimiter in DELIMITERS:
        cells = _cell_counts(text, delimiter, is_whole)
        if cells and cells[0] > 1:
            agreeing = cells.count(cells[0]) / len(cells)
            scores.append((agreeing >= AGREEING, agreeing, cells[0], delimiter == usual, delimiter))
    return max(scores)[-1] if scores else usual


def uses_quotes(text: str, delimiter: str, is_whole: bool) -> bool:
    """Return whether a cell may be in quotes.

    Between tabs they are characters like others, if every line has as many cells as the header and
    quotes would join lines.
    """
    if delimiter != "\t":
        return True
    lines = [line for line in text.splitlines() if line]
    lines = lines if is_whole else lines[:-1]
    cells = {line.count("\t") for line in lines}
    if len(cells) != 1 or cells == {0}:
        return True
    rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    try:
        return sum(1 for row in rows if row) >= len(lines)
    except csv.Error:  # quotes join more lines than a cell may hold
        return False


def _cell_counts(text: str, delimiter: str, is_whole: bool) -> list[int]:
    """Return the number of cells of each of the first records."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    counts: list[int] = []
    try:
        counts.extend(len(row) for row in islice(rows, RECORDS) if row)
    except csv.Error:  # a cell longer than the csv module takes
        return counts
    return counts if is_whole or len(counts) < 2 or len(counts) == RECORDS else counts[:-1]
