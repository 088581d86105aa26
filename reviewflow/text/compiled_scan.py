"""Find and number the distinct tokens of UTF-8 bytes by compiled code.

    bytes of all texts ─▶ letters, lower-cased ─▶ token ─▶ hash table ─▶ number of the token
                          (tags skipped)                       └▶ pool: bytes of distinct tokens

The file imports nothing of this project and its functions call only one another, since Numba's
cache on disk notices a change by the modification time of this file alone.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

NOT_A_LETTER = 0
UNCLEAR = -1  # the slow path must read the row
COMBINING = 1 << 21  # added to marks that are letters inside a token, above all code points
# Kinds of ASCII bytes beside letters and separators:
MARK = 254  # punctuation, which makes tokens of its own
LOOK = 255  # whether the byte is part of a token depends on the bytes after it

LESS_THAN, GREATER_THAN, AMPERSAND, APOSTROPHE, SLASH, HASH = 60, 62, 38, 39, 47, 35
EXCLAMATION = 33
# 2^64 over the golden ratio, an odd number: multiplying by it loses nothing.
HASH_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)
def _code_point(data, i):  # type: ignore[no-untyped-def]
    """Return the code point that starts at byte ``i``, and its size in bytes."""
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
    """Write a code point as UTF-8 at ``pool[end]``, and return the new end."""
    if code < 0x80:
        pool[end] = code
        return end + 1
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
    """Return the byte after the HTML tag at ``i``, or ``i`` if there is none.

    It accepts the language of ``TAG`` of the slow path. A search ends at the next ``<``, so a text
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
    """Return whether the ``&`` at ``i`` may begin an entity."""
    return i + 1 < stop and (data[i + 1] == HASH or _is_ascii_letter(data[i + 1]))


@njit(cache=True, nogil=True)
def _wider_table(hashes, count, size):  # type: ignore[no-untyped-def]
    """Return a hash table of ``size`` slots with the first ``count`` tokens."""
    table = np.full(size, -1, np.int32)
    for token in range(count):
        slot = np.int64(hashes[token] >> np.uint64(32)) & (size - 1)
        while table[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        table[slot] = token
    return table


@njit(cache=True, nogil=True)
def _kinds(letters, strip_html, apostrophes):  # type: ignore[no-untyped-def]
    """Return each byte's letter, ``NOT_A_LETTER``, ``MARK`` or ``LOOK``."""
    kinds = np.full(256, LOOK, np.uint8)
    for byte in range(0x80):
        kinds[byte] = letters[byte] if letters[byte] >= 0 else MARK
    for byte, looks in (
        (LESS_THAN, strip_html),
        (AMPERSAND, strip_html),
        (APOSTROPHE, apostrophes),
    ):
        if looks:
            kinds[byte] = LOOK
    return kinds


@njit(cache=True, nogil=True)
def _after_separator(data, i, stop, letters):  # type: ignore[no-untyped-def]
    """Return the byte after a separator, ``i`` for a token, or ``UNCLEAR``."""
    if data[i] >= 0x80:
        code, size = _code_point(data, i)
        letter = letters[code]
        if letter == UNCLEAR:
            return UNCLEAR
        if letter >= COMBINING:
            return i if letters[EXCLAMATION] < UNCLEAR else i + size
        return i if letter else i + size
    if data[i] == AMPERSAND and _begins_entity(data, i, stop):
        return UNCLEAR
    after = _after_tag(data, i, stop) if data[i] == LESS_THAN else i
    return i + 1 if after == i and letters[data[i]] == NOT_A_LETTER else after


@njit(cache=True, nogil=True)
def _letter_inside(data, i, stop, letters):  # type: ignore[no-untyped-def]
    """Return the letter at byte ``i`` inside a token, and its size in bytes.

    It is ``NOT_A_LETTER`` if the token ends before it.
    """
    if data[i] >= 0x80:
        code, size = _code_point(data, i)
        letter = letters[code]
        return letter - COMBINING if letter >= COMBINING else letter, size
    if data[i] == APOSTROPHE and i + 1 < stop:
        code, _ = _code_point(data, i + 1)
        return (APOSTROPHE if 0 < letters[code] < COMBINING else NOT_A_LETTER), 1
    return NOT_A_LETTER, 1


@njit(cache=True, nogil=True)
def _rotate(chunk, byte):  # type: ignore[no-untyped-def]
    """Return eight bytes rotated by one, with another byte added.

    Up to the eighth byte nothing is lost, so a short token is identified by them.
    """
    return (chunk << np.uint64(8) | chunk >> np.uint64(56)) ^ np.uint64(byte)


@njit(cache=True, nogil=True)
def _mark_at(data, i, stop, letters, kinds):  # type: ignore[no-untyped-def]
    """Return the punctuation at byte ``i``, and its size in bytes.

    It is negative where a run of punctuation ends.
    """
    if i >= stop:
        return -1, 0
    if data[i] >= 0x80:
        code, size = _code_point(data, i)
        letter = letters[code]
        return letter - COMBINING if letter >= COMBINING else -2 - letter, size
    if kinds[data[i]] == LOOK and (
        (data[i] == AMPERSAND and _begins_entity(data, i, stop))
        or (data[i] == LESS_THAN and _after_tag(data, i, stop) > i)
    ):
        return -1, 1
    return -2 - letters[data[i]], 1


@njit(cache=True, nogil=True)
def _copy_marks(data, i, stop, letters, kinds, copy, end):  # type: ignore[no-untyped-def]
    """Copy a run of punctuation to ``copy[end:]``.

    Returns where it ends in ``data`` and in ``copy``, and its bytes rotated together.
    """
    chunk = np.uint64(0)
    mark, size = _mark_at(data, i, stop, letters, kinds)
    while mark >= 0:
        first, end = end, _write(copy, end, mark)
        for j in range(first, end):
            chunk = _rotate(chunk, copy[j])
        i += size
        mark, size = _mark_at(data, i, stop, letters, kinds)
    return i, end, chunk


@njit(cache=True, nogil=True)
def _copy_tokens(data, i, stop, letters, kinds, shortest, copy, ends, hashes):  # type: ignore[no-untyped-def]
    """Copy the tokens of ``data[i:stop]``, and return how many or ``UNCLEAR``.

    Token t becomes ``copy[ends[t - 1] : ends[t]]``, and ``hashes[t]`` its hash.
    """
    tokens = start = 0
    while i < stop:
        kind = kinds[data[i]]
        if kind == NOT_A_LETTER:
            i += 1
            continue
        if kind == LOOK:
            after = _after_separator(data, i, stop, letters)
            if after == UNCLEAR:
                return UNCLEAR
            if after > i:
                i = after
                continue
        end, more_bytes, chunk = start, 0, np.uint64(0)
        if kind >= MARK:
            i, end, chunk = _copy_marks(data, i, stop, letters, kinds, copy, start)
        marks = end > start
        while not marks and i < stop and kinds[data[i]] != NOT_A_LETTER:
            kind = kinds[data[i]]
            if kind < MARK:
                copy[end] = kind
                chunk = _rotate(chunk, kind)
                i, end = i + 1, end + 1
                continue
            if kind == MARK:
                break
            letter, size = _letter_inside(data, i, stop, letters)
            if letter <= 0:
                break
            first, end = end, _write(copy, end, letter)
            for j in range(first, end):
                chunk = _rotate(chunk, copy[j])
            i, more_bytes = i + size, more_bytes + end - first - 1
        if end - start - more_bytes >= shortest:
            chunk *= HASH_FACTOR
            hashes[tokens], ends[tokens] = chunk ^ chunk >> np.uint64(32), end
            tokens, start = tokens + 1, end
    return tokens


@njit(cache=True, nogil=True)
def _look_up(copy, copy_ends, copy_hashes, table, hashes, pool, ends, distinct, codes):  # type: ignore[no-untyped-def]
    """Write the number of each token of a row to ``codes``.

    New tokens are added to the pool. The table must have room for all. Returns the number of
    distinct tokens so far.
    """
    mask = table.size - 1
    start = 0
    for token in range(codes.size):
        hashed, end = copy_hashes[token], copy_ends[token]
        slot = np.int64(hashed >> np.uint64(32)) & mask
        while table[slot] >= 0:
            known = table[slot]
            if hashes[known] == hashed and ends[known + 1] - ends[known] == end - start:
                offset = ends[known] - start
                j = start if end - start > 8 else end  # equal hashes of 8 bytes mean equal bytes
                while j < end and pool[j + offset] == copy[j]:
                    j += 1
                if j == end:
                    break
            slot = (slot + 1) & mask
        if table[slot] < 0:
            table[slot] = distinct
            hashes[distinct] = hashed
            to = ends[distinct]
            for j in range(start, end):
                pool[to + j - start] = copy[j]
            distinct += 1
            ends[distinct] = to + end - start
        codes[token] = table[slot]
        start = end
    return distinct


@njit(cache=True, nogil=True)
def _number_tokens(data, offsets, letters, strip_html, apostrophes, shortest):  # type: ignore[no-untyped-def]
    kinds = _kinds(letters, strip_html, apostrophes)
    counts = np.zeros(offsets.size - 1, np.int64)
    # Room for the worst case, since memory that is never written to costs nothing. A token takes a
    # byte, and where punctuation is none also a separator. Lower case takes at most two bytes for
    # one.
    punctuation = letters[EXCLAMATION] < UNCLEAR
    most = data.size // (1 if punctuation else 2) + counts.size + 1
    codes, hashes = np.empty(most, np.int32), np.empty(most, np.uint64)
    pool, ends = np.empty(2 * data.size + 4, np.uint8), np.empty(most + 1, np.int64)
    row_copy, row_ends = np.empty(2 * data.size + 4, np.uint8), np.empty(most, np.int64)
    row_hashes = np.empty(most, np.uint64)
    table = np.full(1 << 13, -1, np.int32)
    written, distinct = 0, 0
    ends[0] = 0
    for row in range(counts.size):
        i, stop = offsets[row], offsets[row + 1]
        counts[row] = _copy_tokens(
            data, i, stop, letters, kinds, shortest, row_copy, row_ends, row_hashes
        )
        after = written + max(0, counts[row])
        while 2 * (distinct + after - written) > table.size:
            table = _wider_table(hashes, distinct, 4 * table.size)
        distinct = _look_up(
            *(row_copy, row_ends, row_hashes, table, hashes, pool, ends, distinct),
            codes[written:after],
        )
        written = after
    return (
        codes[:written].copy(),
        counts,
        pool[: ends[distinct]].copy(),
        ends[: distinct + 1].copy(),
    )


def number_tokens(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    letters: NDArray[np.int32],
    strip_html: bool,
    apostrophes: bool,
    shortest: int,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """Find the tokens of N texts, and number distinct ones as they occur.

    A token is a longest run of letters. With ``apostrophes`` it goes on across one apostrophe
    between two letters. A longest run of punctuation is a token, too, if ``letters`` has any.

    Parameters
    ----------
    data : uint8, valid UTF-8 of all texts, one after the other.
    offsets : int64, shape (N + 1,), where each text begins in ``data``.
    letters : int32, shape (0x110000,), for each code point its letter in a token,
        ``NOT_A_LETTER``, or ``UNCLEAR`` if a text that holds it is left to the slow path.
        Punctuation that makes tokens has the value −2 − its code point in the token, and a
        combining mark ``COMBINING`` + its code point: it is a letter inside a token, else not.
    strip_html : skip tags, and leave texts with entities to the slow path.
    shortest : fewest characters of a token.

    Returns
    -------
    codes : int32, the tokens of all texts that were read, as numbers.
    counts : int64, shape (N,), tokens of each text, or ``UNCLEAR`` if it is left to the slow path.
    pool : uint8, UTF-8 of the distinct tokens, one after the other.
    ends : int64, where each distinct token begins in ``pool``, and the end of the last.
    """
    numbers: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]] = (
        _number_tokens(
            _read_only(data),
            _read_only(offsets),
            _read_only(letters),
            strip_html,
            apostrophes,
            shortest,
        )
    )
    return numbers


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only view. Numba would compile again for writable arrays."""
    view = array.view()
    view.flags.writeable = False
    return view
