"""The compiled tokeniser: UTF-8 bytes in, numbered distinct tokens out, in one pass.

    bytes of all texts ─▶ letters, lower-cased ─▶ token ─▶ hash table ─▶ number of the token
                          (tags skipped)                       └▶ pool: bytes of distinct tokens

The file imports nothing of this project and its functions call only one another: Numba's cache on
disk is told of a change by the modification time of this file alone.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

NOT_A_LETTER = 0
UNCLEAR = -1  # the row must be read by the slow path

LESS_THAN, GREATER_THAN, AMPERSAND, APOSTROPHE, SLASH, HASH = 60, 62, 38, 39, 47, 35
# 2^64 over the golden ratio, an odd number: multiplying by it loses nothing.
HASH_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)
def _code_point(data, i):  # type: ignore[no-untyped-def]
    """The code point that starts at byte ``i`` of valid UTF-8, and its size in bytes."""
    first = np.int64(data[i])
    if first < 0x80:
        return first, 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | (data[i + 1] & 0x3F), 2
    if first < 0xF0:
        return (first & 0x0F) << 12 | (data[i + 1] & 0x3F) << 6 | (data[i + 2] & 0x3F), 3
    high = (first & 0x07) << 18 | (data[i + 1] & 0x3F) << 12
    return high | (data[i + 2] & 0x3F) << 6 | (data[i + 3] & 0x3F), 4


@njit(cache=True, nogil=True)
def _write(pool, end, code):  # type: ignore[no-untyped-def]
    """Write a code point of two bytes or more as UTF-8 at ``pool[end]``; returns the new end."""
    if code < 0x800:
        pool[end] = 0xC0 | code >> 6
        pool[end + 1] = 0x80 | code & 0x3F
        return end + 2
    if code < 0x10000:
        pool[end] = 0xE0 | code >> 12
        pool[end + 1] = 0x80 | code >> 6 & 0x3F
        pool[end + 2] = 0x80 | code & 0x3F
        return end + 3
    pool[end] = 0xF0 | code >> 18
    pool[end + 1] = 0x80 | code >> 12 & 0x3F
    pool[end + 2] = 0x80 | code >> 6 & 0x3F
    pool[end + 3] = 0x80 | code & 0x3F
    return end + 4


@njit(cache=True, nogil=True)
def _is_ascii_letter(byte):  # type: ignore[no-untyped-def]
    return 97 <= (byte | 0x20) <= 122


@njit(cache=True, nogil=True)
def _after_tag(data, i, stop):  # type: ignore[no-untyped-def]
    """The byte after the HTML tag that opens at ``i``, or ``i`` if none does.

    The same language as ``TAG`` of the slow path. A search ends at the next ``<``, so that a text
    full of them is still read in linear time.
    """
    j = i + 1
    if j < stop and data[j] != 33 and data[j] != 63:  # neither <! nor <?
        if data[j] == SLASH:
            j += 1
        if j >= stop or not _is_ascii_letter(data[j]):
            return i
        while j < stop and (
            _is_ascii_letter(data[j]) or 48 <= data[j] <= 58 or data[j] == 45
        ):  # 0-9, : and -
            j += 1
        if j >= stop:
            return i
        space = data[j] == 32 or 9 <= data[j] <= 13
        if not space and data[j] != SLASH and data[j] != GREATER_THAN:
            return i
    while j < stop and data[j] != LESS_THAN and data[j] != GREATER_THAN:
        j += 1
    return j + 1 if j < stop and data[j] == GREATER_THAN else i


@njit(cache=True, nogil=True)
def _begins_entity(data, i, stop):  # type: ignore[no-untyped-def]
    """Whether the ``&`` at ``i`` may begin an entity, which only the slow path decodes."""
    return i + 1 < stop and (data[i + 1] == HASH or _is_ascii_letter(data[i + 1]))


@njit(cache=True, nogil=True, inline="always")
def _slot(table, hashes, pool, ends, hashed, start, end):  # type: ignore[no-untyped-def]
    """The slot of the token ``pool[start:end]``: where it stands, or the free one for it."""
    mask = table.size - 1
    slot = np.int64(hashed >> np.uint64(32)) & mask
    while table[slot] >= 0:
        known = table[slot]
        if hashes[known] == hashed and ends[known + 1] - ends[known] == end - start:
            offset = ends[known] - start
            j = start if end - start > 8 else end  # the hash of 8 bytes is as good as they
            while j < end and pool[j + offset] == pool[j]:
                j += 1
            if j == end:
                return slot
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True)
def _wider_table(hashes, count, size):  # type: ignore[no-untyped-def]
    """A hash table of ``size`` slots that holds the first ``count`` tokens."""
    table = np.full(size, -1, np.int32)
    for token in range(count):
        slot = np.int64(hashes[token] >> np.uint64(32)) & (size - 1)
        while table[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        table[slot] = token
    return table


@njit(cache=True, nogil=True)
def _letter_at(data, i, letters):  # type: ignore[no-untyped-def]
    """The letter that stands for the character at byte ``i``, and the character's bytes."""
    if data[i] < 0x80:
        return letters[data[i]], 1
    code, size = _code_point(data, i)
    return letters[code], size


@njit(cache=True, nogil=True, inline="always")
def _next_token(data, i, stop, letters, strip_html):  # type: ignore[no-untyped-def]
    """The byte from ``i`` on where a token begins, ``stop`` if none does, or ``UNCLEAR``."""
    while i < stop:
        letter, size = _letter_at(data, i, letters)
        if letter > 0:
            return i
        if letter == UNCLEAR:
            return UNCLEAR
        if strip_html and data[i] == LESS_THAN:
            size = max(1, _after_tag(data, i, stop) - i)
        elif strip_html and data[i] == AMPERSAND and _begins_entity(data, i, stop):
            return UNCLEAR
        i += size
    return stop


@njit(cache=True, nogil=True)
def _mixed(hashed, chunk):  # type: ignore[no-untyped-def]
    """The hash after eight more bytes; different for different chunks."""
    mixed = (hashed ^ chunk) * HASH_FACTOR
    return mixed ^ mixed >> np.uint64(32)


@njit(cache=True, nogil=True, inline="always")
def _copied_token(data, i, stop, letters, apostrophes, pool, end):  # type: ignore[no-untyped-def]
    """Copy the letters of the token at ``i`` to ``pool[end:]``.

    Returns the byte after the token, the new end of the pool, the token's characters and hash.
    """
    start = end
    length = 0
    hashed = chunk = np.uint64(0)
    letter, size = _letter_at(data, i, letters)
    while letter > 0:
        if letter < 0x80:
            pool[end] = letter
            chunk = chunk << np.uint64(8) | np.uint64(letter)
            end += 1
            if (end - start) & 7 == 0:
                hashed = _mixed(hashed, chunk)
                chunk = np.uint64(0)
        else:
            first, end = end, _write(pool, end, letter)
            for j in range(first, end):
                chunk = chunk << np.uint64(8) | np.uint64(pool[j])
                if (j - start) & 7 == 7:
                    hashed = _mixed(hashed, chunk)
                    chunk = np.uint64(0)
        length += 1
        i += size
        if i >= stop:
            break
        letter, size = _letter_at(data, i, letters)
        if letter == NOT_A_LETTER and apostrophes and data[i] == APOSTROPHE and i + 1 < stop:
            after, _ = _letter_at(data, i + 1, letters)
            if after > 0:  # taken as a letter; the next one follows in the next turn
                letter = APOSTROPHE
    return i, end, length, _mixed(hashed, chunk)


@njit(cache=True, nogil=True)
def _numbered(data, offsets, letters, strip_html, apostrophes, shortest):  # type: ignore[no-untyped-def]
    counts = np.zeros(offsets.size - 1, np.int64)
    # Room for the worst case; memory that is never written to costs nothing. A token takes a byte
    # and one between it and the next, and lower case at most two bytes for one.
    most = data.size // 2 + counts.size + 1
    codes = np.empty(most, np.int32)
    hashes = np.empty(most, np.uint64)
    ends = np.empty(most + 1, np.int64)
    pool = np.empty(2 * data.size + 4, np.uint8)
    table = np.full(1 << 13, -1, np.int32)
    written, distinct = 0, 0
    ends[0] = 0
    for row in range(counts.size):
        i, stop, row_start = offsets[row], offsets[row + 1], written
        while i < stop:
            i = _next_token(data, i, stop, letters, strip_html)
            if i in (UNCLEAR, stop):
                break
            start = ends[distinct]
            i, end, length, hashed = _copied_token(data, i, stop, letters, apostrophes, pool, start)
            if length < shortest:
                continue
            slot = _slot(table, hashes, pool, ends, hashed, start, end)
            codes[written] = table[slot]
            if table[slot] < 0:  # a new token: what was copied to the pool stays there
                codes[written] = table[slot] = distinct
                hashes[distinct] = hashed
                distinct += 1
                ends[distinct] = end
                if 2 * distinct > table.size:
                    table = _wider_table(hashes, distinct, 4 * table.size)
            written += 1
        if i == UNCLEAR:
            written = row_start
            counts[row] = UNCLEAR
        else:
            counts[row] = written - row_start
    return (
        codes[:written].copy(),
        counts,
        pool[: ends[distinct]].copy(),
        ends[: distinct + 1].copy(),
    )


def numbered_tokens(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    letters: NDArray[np.int32],
    strip_html: bool,
    apostrophes: bool,
    shortest: int,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """Number the tokens of N texts in the order in which each first occurs.

    A token is a longest run of letters, with ``apostrophes`` also across one apostrophe between
    two letters.

    Parameters
    ----------
    data : uint8, valid UTF-8 of all texts, one after the other
    offsets : int64, shape (N + 1,), where each text begins in ``data``
    letters : int32, shape (0x110000,), for each code point the letter that stands for it in a
        token, ``NOT_A_LETTER``, or ``UNCLEAR`` if a text that holds it is left to the slow path
    strip_html : skip tags, and leave texts with entities to the slow path
    shortest : fewest characters of a token

    Returns
    -------
    codes : int32, the tokens of all texts that were read, as numbers
    counts : int64, shape (N,), tokens of each text; ``UNCLEAR`` where it is left to the slow path
    pool : uint8, UTF-8 of the distinct tokens, one after the other
    ends : int64, where each distinct token begins in ``pool``, and the end of the last
    """
    numbered: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]] = (
        _numbered(
            _read_only(data),
            _read_only(offsets),
            _read_only(letters),
            strip_html,
            apostrophes,
            shortest,
        )
    )
    return numbered


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view that cannot be written to: Numba compiles anew for arrays that can."""
    view = array.view()
    view.flags.writeable = False
    return view
