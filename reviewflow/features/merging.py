"""Merge sorted counts by compiled code, and add the counts of equal keys."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def merge_counts(
    keys: Any, counts: Any, frequencies: Any, keys_2: Any, counts_2: Any, frequencies_2: Any
) -> Any:
    """Return the union of two lists of keys with the sums of their figures.

    Keys are int64 and strictly ascending.

    Returns
    -------
    keys, counts, frequencies : int64, shape (K,) each, keys strictly ascending.
    """
    most = len(keys) + len(keys_2)
    out_keys = np.empty(most, np.int64)
    out_counts = np.empty(most, np.int64)
    out_frequencies = np.empty(most, np.int64)
    i = j = k = 0
    while i < len(keys) and j < len(keys_2):
        key, key_2 = keys[i], keys_2[j]
        out_keys[k] = min(key, key_2)
        out_counts[k] = (counts[i] if key <= key_2 else 0) + (counts_2[j] if key_2 <= key else 0)
        out_frequencies[k] = (frequencies[i] if key <= key_2 else 0) + (
            frequencies_2[j] if key_2 <= key else 0
        )
        i += key <= key_2
        j += key_2 <= key
        k += 1
    rest = len(keys) - i
    out_keys[k : k + rest] = keys[i:]
    out_counts[k : k + rest] = counts[i:]
    out_frequencies[k : k + rest] = frequencies[i:]
    k += rest
    rest = len(keys_2) - j
    out_keys[k : k + rest] = keys_2[j:]
    out_counts[k : k + rest] = counts_2[j:]
    out_frequencies[k : k + rest] = frequencies_2[j:]
    k += rest
    return out_keys[:k].copy(), out_counts[:k].copy(), out_frequencies[:k].copy()


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def pair_keys(shorter: Any, last: Any, shorter_ids: Any, last_ids: Any, distinct: int) -> Any:
    """Return the key of each row: shorter n-gram × ``distinct`` + last token.

    Parameters
    ----------
    shorter, last : int32, shape (G,), positions in ``shorter_ids`` and ``last_ids``.
    shorter_ids, last_ids : int64, ids over all parts, −1 for n-grams that were dropped.
    distinct : number of distinct last tokens.

    Returns
    -------
    int64, shape (G,). −1 where either was dropped.
    """
    keys = np.full(len(shorter), -1, np.int64)
    for row in range(len(shorter)):
        first, token = shorter_ids[shorter[row]], last_ids[last[row]]
        if first >= 0 and token >= 0:
            keys[row] = first * distinct + token
    return keys


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def positions_in(keys: Any, known: Any) -> Any:
    """Return the position of each key in ``known``, −1 if it is not there.

    Parameters
    ----------
    keys : int64, shape (G,), ascending but for entries of −1.
    known : int64, shape (K,), strictly ascending.

    Returns
    -------
    int64, shape (G,).
    """
    positions = np.full(len(keys), -1, np.int64)
    position = 0
    for row in range(len(keys)):
        if keys[row] < 0:
            continue
        while position < len(known) and known[position] < keys[row]:
            position += 1
        if position < len(known) and known[position] == keys[row]:
            positions[row] = position
    return positions
