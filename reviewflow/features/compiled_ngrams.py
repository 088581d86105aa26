"""Count the n-grams of a part by compiled code, length by length.

position        0    1    2    3        An n-gram of length n is a pair: the n-gram of
token           good film good film     length n − 1 at the same position, and the last
1-gram          1    0    1    0        token. Its number is the position of that pair
2-gram          1    0    1    ·        in sorted order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def count_tokens(tokens: Any, lengths: Any, distinct: int) -> Any:
    """Count single tokens.

    Parameters
    ----------
    tokens : int32, shape (T,), values below ``distinct``, the documents end to end.
    lengths : int64, shape (N,), number of tokens of each document.

    Returns
    -------
    count, document_frequency : int32, shape (``distinct``,) each.
    """
    count = np.zeros(distinct, np.int32)
    document_frequency = np.zeros(distinct, np.int32)
    last_document = np.full(distinct, -1, np.int32)
    first = 0
    for document in range(len(lengths)):
        for token in tokens[first : first + lengths[document]]:
            count[token] += 1
            if last_document[token] != document:
                last_document[token] = document
                document_frequency[token] += 1
        first += lengths[document]
    return count, document_frequency


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def positions_by_token(tokens: Any, distinct: int) -> Any:
    """Return the positions of a token stream by token, then in text order.

    It is a counting sort.

    Parameters
    ----------
    tokens : int32, shape (T,), values below ``distinct``.

    Returns
    -------
    int32, shape (T,)
    """
    start = np.zeros(distinct + 1, np.int64)
    for token in tokens:
        start[token + 1] += 1
    for token in range(distinct):
        start[token + 1] += start[token]
    positions = np.empty(len(tokens), np.int32)
    for position in range(len(tokens)):
        token = tokens[position]
        positions[start[token]] = position
        start[token] += 1
    return positions


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def sorted_positions(shorter: Any, documents: Any, by_token: Any, distinct: int, n: int) -> Any:
    """Return the positions of n-grams by (shorter n-gram, last token).

    Positions of equal pairs are in text order. Going through the positions by last token and
    distributing them by shorter n-gram is a radix sort whose first pass is already done.

    Parameters
    ----------
    shorter : int32, shape (T,), the number of the (n − 1)-gram that starts at each position.
        Values at positions where none fits into the document are not read.
    documents : int32, shape (T,), the document of each position.
    by_token : as :func:`positions_by_token` returns it.
    distinct : G', the number of distinct (n − 1)-grams.

    Returns
    -------
    positions : int32
    ends : int64, shape (G',), where the positions of each (n − 1)-gram end.
    """
    last = n - 1
    start = np.zeros(distinct + 1, np.int64)
    for position in range(len(shorter) - last):
        if documents[position] == documents[position + last]:
            start[shorter[position] + 1] += 1
    for ngram in range(distinct):
        start[ngram + 1] += start[ngram]
    positions = np.empty(start[distinct], np.int32)
    for end in by_token:
        position = end - last
        if position >= 0 and documents[position] == documents[end]:
            ngram = shorter[position]
            positions[start[ngram]] = position
            start[ngram] += 1
    return positions, start[:distinct]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def count_longer(tokens: Any, documents: Any, positions: Any, ends: Any, n: int) -> Any:
    """Count the n-grams that start at ``positions``.

    Parameters
    ----------
    positions, ends : as :func:`sorted_positions` returns them.

    Returns
    -------
    prefix, last, count, document_frequency : int32, shape (G,) each, sorted by (prefix, last).
        ``prefix`` is the number of the (n − 1)-gram, ``last`` a token.
    ngrams : int32, shape (T,), the number of the n-gram that starts at each position, −1 if none.
    """
    ngrams = np.full(len(tokens), -1, np.int32)
    prefix = np.empty(len(positions), np.int32)
    last = np.empty(len(positions), np.int32)
    count = np.empty(len(positions), np.int32)
    document_frequency = np.empty(len(positions), np.int32)
    row = -1
    first = 0
    for shorter in range(len(ends)):
        token = document = -1
        for position in positions[first : ends[shorter]]:
            if tokens[position + n - 1] != token:
                token = tokens[position + n - 1]
                document = -1
                row += 1
                prefix[row] = shorter
                last[row] = token
                count[row] = document_frequency[row] = 0
            count[row] += 1
            if documents[position] != document:
                document = documents[position]
                document_frequency[row] += 1
            ngrams[position] = row
        first = ends[shorter]
    rows = row + 1
    return (
        prefix[:rows].copy(),
        last[:rows].copy(),
        count[:rows].copy(),
        document_frequency[:rows].copy(),
        ngrams,
    )
