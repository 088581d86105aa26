"""Find the vocabulary's terms by compiled code, and weight them by TF-IDF.

The vocabulary is a trie: an n-gram's node and one more token lead to the node of a longer n-gram.
The edges are in one open-address table whose keys are pairs (node, token). Nodes 0 to V − 1 are the
terms themselves, node V is the empty n-gram, and nodes after it are n-grams that only begin terms.
A skip-bigram is a path of three, whose middle is the token that stands for the gap.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
PLACES = np.argsort((np.uint64(1) << np.arange(64, dtype=np.uint64)) * DE_BRUIJN >> np.uint64(58))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _first_slot(key: int, mask: int) -> Any:
    """Return the slot that a search for the key begins at."""
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio
    return np.int64(mixed >> np.uint64(32)) & mask


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _slot(edges: Any, key: int) -> Any:
    """Return the slot that holds the key, or the free slot for it."""
    mask = len(edges) - 1
    slot = _first_slot(key, mask)
    while edges[slot, 0] != -1 and edges[slot, 0] != key:
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def term_trie(tokens: Any, ends: Any, distinct: int) -> Any:
    """Return the edges of the trie of the vocabulary's terms.

    Parameters
    ----------
    tokens : int32, shape (P,), the tokens of all terms, end to end, values below ``distinct``.
        A term that begins another one comes before it, as in any sorted list.
    ends : int64, shape (V,), where the tokens of each term end.

    Returns
    -------
    int64, shape (S, 2), S a power of two. The first column is node × ``distinct`` + token, or −1 in
    a free slot. The second is the node that this pair leads to.
    """
    size = 4
    while size < 2 * len(tokens):
        size *= 2
    edges = np.full((size, 2), -1, np.int64)
    root = len(ends)
    nodes = root + 1
    first = 0
    for term in range(len(ends)):
        node = root
        for place in range(first, ends[term]):
            key = node * distinct + tokens[place]
            slot = _slot(edges, key)
            if edges[slot, 0] == -1:
                edges[slot, 0] = key
                if place == ends[term] - 1:
                    edges[slot, 1] = term
                else:
                    edges[slot, 1] = nodes
                    nodes += 1
            node = edges[slot, 1]
        first = ends[term]
    return edges


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def term_counts(
    codes: Any,
    lengths: Any,
    tokens: Any,
    edges: Any,
    terms: int,
    distinct: int,
    longest: int,
    gap: int,
) -> Any:
    """Count the terms of the vocabulary in each row.

    Parameters
    ----------
    codes : int32, shape (T,), the words of the rows, end to end.
    lengths : int64, shape (N,), number of words of each row.
    tokens : int32, shape (W,), which token of the vocabulary each word is, −1 for none.
    edges, distinct : the trie and its number of distinct tokens.
    terms, longest : V, and the most tokens in an n-gram.
    gap : the token that stands for the gap of a skip-bigram, −1 for none.

    Returns
    -------
    ends : int64, shape (N,), where the entries of each row end.
    indices : int32, shape (E,), terms, ascending in each row.
    counts : int32, shape (E,).
    """
    first_nodes, gap_nodes = _first_nodes(tokens, edges, terms, distinct, gap)
    ends = np.empty(len(lengths), np.int64)
    indices = np.empty(1024, np.int32)
    counts = np.empty(1024, np.int32)
    row_counts = np.zeros(terms, np.int32)
    marks, groups = np.zeros((terms >> 6) + 1, np.uint64), np.zeros((terms >> 12) + 1, np.uint64)
    most = lengths.max() if len(lengths) else 0
    nodes, seen = np.empty(most, np.int64), np.empty((most, 3), np.int64)
    first = filled = 0
    for row in range(len(lengths)):
        words = codes[first : first + lengths[row]]
        first += lengths[row]
        for start in range(len(words)):
            nodes[start] = first_nodes[words[start]]
        filled += _count_nodes(nodes[: len(words)], row_counts, marks, groups)
        for ahead in range(1, longest):
            _follow(nodes, words, tokens, ahead, edges, distinct, seen)
            filled += _count_nodes(nodes[: max(0, len(words) - ahead)], row_counts, marks, groups)
        if gap >= 0:
            for start in range(len(words)):
                nodes[start] = gap_nodes[words[start]]
            _follow(nodes, words, tokens, 2, edges, distinct, seen)
            filled += _count_nodes(nodes[: max(0, len(words) - 2)], row_counts, marks, groups)
        while filled > len(indices):
            indices = np.append(indices, np.empty_like(indices))
            counts = np.append(counts, np.empty_like(counts))
        start = 0 if row == 0 else ends[row - 1]
        _take_marked(marks, groups, row_counts, indices[start:filled], counts[start:filled])
        ends[row] = filled
    return ends, indices[:filled].copy(), counts[:filled].copy()


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _first_nodes(tokens: Any, edges: Any, terms: int, distinct: int, gap: int) -> Any:
    """Return the node of each word, and of each word and a gap, or −1."""
    first_nodes, gap_nodes = np.full(len(tokens), -1, np.int64), np.full(len(tokens), -1, np.int64)
    for word in range(len(tokens)):
        if tokens[word] >= 0:
            node = edges[_slot(edges, terms * distinct + tokens[word]), 1]
            first_nodes[word] = node
            if node >= 0 and gap >= 0:
                gap_nodes[word] = edges[_slot(edges, node * distinct + gap), 1]
    return first_nodes, gap_nodes


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _follow(
    nodes: Any, words: Any, tokens: Any, ahead: int, edges: Any, distinct: int, seen: Any
) -> None:
    """Go from the node of each position along the word ``ahead`` of it.

    Nodes without such an edge become −1. A first loop only reads the slots. So the processor waits
    for many of them at once, and looking up takes half of the time.

    Parameters
    ----------
    seen : int64, shape (≥ T, 3), working memory: the key, its slot, and the key in that slot.
    """
    mask = len(edges) - 1
    for start in range(len(words) - ahead):
        token = tokens[words[start + ahead]]
        known = nodes[start] >= 0 and token >= 0
        key = nodes[start] * distinct + token if known else np.int64(-1)
        slot = _first_slot(key, mask)
        seen[start, 0], seen[start, 1], seen[start, 2] = key, slot, edges[slot, 0]
    for start in range(len(words) - ahead):
        key, slot, found = seen[start, 0], seen[start, 1], seen[start, 2]
        while key >= 0 and found != key and found != -1:
            slot = (slot + 1) & mask
            found = edges[slot, 0]
        nodes[start] = edges[slot, 1] if key >= 0 else -1  # a free slot leads to node −1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _count_nodes(nodes: Any, row_counts: Any, marks: Any, groups: Any) -> int:
    """Return how many terms are new in a row, and mark and count them.

    Counts are added to ``row_counts``, shape (V,). A term sets its bit of ``marks``, and each 64
    terms share a bit of ``groups``.
    """
    found = 0
    for node in nodes:
        if 0 <= node < len(row_counts):
            if row_counts[node] == 0:
                found += 1
                marks[node >> 6] |= np.uint64(1) << np.uint64(node & 63)
                groups[node >> 12] |= np.uint64(1) << np.uint64(node >> 6 & 63)
            row_counts[node] += 1
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _take_marked(marks: Any, groups: Any, row_counts: Any, indices: Any, counts: Any) -> None:
    """Move the marked terms and their counts to ``indices`` and ``counts``.

    Marks are in ascending order by themselves. Sorting the terms took half of the time of counting.
    """
    filled = 0
    for group in range(len(groups)):
        while groups[group]:
            place = group << 6 | _lowest_bit(groups[group])
            groups[group] &= groups[group] - np.uint64(1)
            while marks[place]:
                term = place << 6 | _lowest_bit(marks[place])
                marks[place] &= marks[place] - np.uint64(1)
                indices[filled], counts[filled] = term, row_counts[term]
                row_counts[term] = 0
                filled += 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _lowest_bit(bits: Any) -> Any:
    """Return the position of the lowest set bit, by a de Bruijn sequence.

    The first six bits of the sequence differ for every shift of it (Leiserson, Prokop, Randall
    1998, "Using de Bruijn sequences to index a 1 in a computer word").
    """
    return PLACES[(bits & (~bits + np.uint64(1))) * DE_BRUIJN >> np.uint64(58)]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def tfidf_values(
    ends: Any, indices: Any, counts: Any, idf: Any, sublinear: bool, absolute: bool
) -> Any:
    """Return TF-IDF weights, each row scaled to norm 1 and clipped to [0, 1].

    Parameters
    ----------
    ends, indices, counts : as :func:`term_counts` returns them.
    idf : float64, shape (V,).
    sublinear : whether the term frequency is 1 + ln(count) instead of the count.
    absolute : whether rows are divided by the sum of their values (l1) instead of the root of
        the sum of squares (l2).

    Returns
    -------
    float32, shape (E,).
    """
    values = np.empty(len(indices), np.float32)
    first = 0
    for end in ends:
        total = 0.0
        for entry in range(first, end):
            weight = _weight(counts[entry], idf[indices[entry]], sublinear)
            total += weight if absolute else weight * weight
        norm = total if absolute else math.sqrt(total)
        for entry in range(first, end):
            weight = _weight(counts[entry], idf[indices[entry]], sublinear)
            values[entry] = min(weight / norm, 1.0)
        first = end
    return values


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _weight(count: int, idf: float, sublinear: bool) -> float:
    return (1.0 + math.log(count) if sublinear else float(count)) * idf
