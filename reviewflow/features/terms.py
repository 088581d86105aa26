"""Add up the counts of n-grams over all parts, one length after the other.

    part 0 ─┐                  ┌─ rare: dropped, and with it every longer n-gram that begins with it
    part 1 ─┼─ add up ─ level ─┤
    part 2 ─┘                  └─ kept: its position in the level is its id in the next one

An n-gram occurs at most as often as the shorter one that it begins with and as its last token. So
n-grams that cannot reach the vocabulary are dropped before longer ones are read, and memory is
needed only for those that still can.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.features.merging import merge_counts, pair_keys, positions_in
from reviewflow.features.tokens import GAP

PARTS_AT_ONCE = 8


@dataclass(frozen=True)
class Counts:
    """Counts of K n-grams of one length, sorted by key.

    Attributes
    ----------
    keys : int64, shape (K,), strictly ascending. Id of the shorter n-gram × number of tokens +
        id of the last token. The key of a single token is its id.
    counts, frequencies : int64, shape (K,), occurrences, and documents that have the n-gram.
    """

    keys: NDArray[np.int64]
    counts: NDArray[np.int64]
    frequencies: NDArray[np.int64]

    def select(self, rows: NDArray[np.bool_]) -> Counts:
        """Return the n-grams where ``rows``, a mask of shape (K,), is true."""
        return Counts(self.keys[rows], self.counts[rows], self.frequencies[rows])

    def renumber(self) -> Counts:
        """Return the same counts with the keys 0, 1, 2 and so on."""
        keys = np.arange(len(self.keys), dtype=np.int64)
        return Counts(keys, self.counts, self.frequencies)


@dataclass(frozen=True)
class NgramLevels:
    """The n-grams that may still be terms, length by length.

    Attributes
    ----------
    tokens : string array, shape (V,), in code-point order, so that token i is the 1-gram i.
    levels : one :class:`Counts` a length, from 1 on. The id of an n-gram is its position in its
        level.
    pairs : skip-bigrams: two tokens with one token between them. The key is id of the first ×
        number of tokens + id of the last.
    joiner : what is between two tokens in the text of an n-gram.
    """

    tokens: pa.StringArray
    levels: tuple[Counts, ...]
    pairs: Counts = field(default_factory=lambda: Counts(*3 * (np.zeros(0, np.int64),)))
    joiner: str = " "


def token_counts(parts: tuple[Path, ...], context: Context) -> NgramLevels:
    """Return the single tokens of all parts."""
    whole = _no_tokens()
    for batch in _batches(parts):
        context.check_stop()
        tables = context.executor.map(_tokens_of_part, batch)
        groups = pa.concat_tables([whole, *tables]).group_by("token", use_threads=False)
        sums = groups.aggregate([("count", "sum"), ("document_frequency", "sum")])
        whole = sums.rename_columns(["token", "count", "document_frequency"]).cast(whole.schema)
    whole = whole.sort_by("token")
    counts, frequencies = whole["count"].to_numpy(), whole["document_frequency"].to_numpy()
    ids = np.arange(len(whole), dtype=np.int64)
    return NgramLevels(_one_array(whole["token"]), (Counts(ids, counts, frequencies),))


def longer_counts(parts: tuple[Path, ...], ngrams: NgramLevels, context: Context) -> Counts:
    """Return the n-grams of all parts that are one token longer than these."""
    return _sum_over_parts(_longer_counts_of_part, parts, ngrams, context)


def pair_counts(parts: tuple[Path, ...], ngrams: NgramLevels, context: Context) -> Counts:
    """Return the skip-bigrams of all parts."""
    return _sum_over_parts(_pair_counts_of_part, parts, ngrams, context)


def text_order(ngrams: NgramLevels, shortest: int) -> NDArray[np.int64]:
    """Return the positions of n-grams by text in code-point order.

    Skip-bigrams are numbered after all n-grams. N-grams of fewer than ``shortest`` tokens are left
    out. Tokens are in code-point order, and the space that joins them comes before every letter,
    or they are single characters that nothing joins. So comparing the ids of the tokens, one after
    the other, compares the texts. Texts themselves are sorted only if there are skip-bigrams, whose
    gap has no id, or control characters.
    """
    sizes = [len(level.keys) for level in (*ngrams.levels, ngrams.pairs)]
    skipped = sum(sizes[: shortest - 1])
    if sizes[-1] or (len(ngrams.levels) > 1 and _has_control_characters(ngrams.tokens)):
        every = ngram_texts(ngrams, shortest, np.arange(sum(sizes) - skipped))
        return np.asarray(pc.array_sort_indices(every).to_numpy(), np.int64)
    order = np.empty(sum(sizes), np.int64)
    order[np.concatenate(_positions_in_trie(ngrams))] = np.arange(sum(sizes))
    return order[order >= skipped] - skipped


def _positions_in_trie(ngrams: NgramLevels) -> list[NDArray[np.int64]]:
    """Return each n-gram's position in depth-first order, level by level.

    In that order an n-gram is followed by those that begin with it. Each level is sorted already,
    so the distance of an n-gram from its parent is the size of the branches of its earlier
    siblings.
    """
    starts = [level.keys // len(ngrams.tokens) for level in ngrams.levels[1:]]
    branches = [np.ones(len(ngrams.levels[-1].keys), np.int64)]  # n-grams that begin with each
    for start, level in zip(reversed(starts), reversed(ngrams.levels[:-1]), strict=True):
        inside = np.bincount(start, branches[0], len(level.keys)).astype(np.int64)
        branches.insert(0, inside + 1)
    positions = [np.cumsum(branches[0]) - branches[0]]
    for start, above, here in zip(starts, branches, branches[1:], strict=False):
        earlier = np.cumsum(here) - here
        earlier_elsewhere = np.cumsum(above - 1) - (above - 1)
        positions.append(positions[-1][start] + 1 + earlier - earlier_elsewhere[start])
    return positions


def ngram_texts(ngrams: NgramLevels, shortest: int, positions: NDArray[np.int64]) -> pa.StringArray:
    """Return the text of some n-grams: their tokens joined.

    Parameters
    ----------
    positions : ascending. The n-grams of ``shortest`` tokens and more are numbered level by level,
        and after them the skip-bigrams.
    """
    texts, first = [pa.array([], pa.string())], 0
    for n, level in enumerate(ngrams.levels[shortest - 1 :], start=shortest):
        begin, end = np.searchsorted(positions, [first, first + len(level.keys)])
        ids = ngram_tokens(ngrams, n, positions[begin:end] - first)
        columns = [ngrams.tokens.take(pa.array(column)) for column in ids]
        texts.append(columns[0] if n == 1 else pc.binary_join_element_wise(*columns, ngrams.joiner))
        first += len(level.keys)
    pairs = ngrams.pairs.keys[positions[positions >= first] - first]
    ends = [ngrams.tokens.take(pa.array(ids)) for ids in np.divmod(pairs, len(ngrams.tokens) or 1)]
    texts.append(pc.binary_join_element_wise(*ends, f" {GAP} "))
    return pa.concat_arrays(texts)


def ngram_tokens(ngrams: NgramLevels, n: int, ids: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the ids of the tokens of n-grams: n arrays shaped as ``ids``."""
    tokens: list[NDArray[np.int64]] = []
    for level in reversed(ngrams.levels[1:n]):
        ids, last = np.divmod(level.keys[ids], len(ngrams.tokens))
        tokens.insert(0, last)
    return [ids, *tokens]


def _has_control_characters(tokens: pa.StringArray) -> bool:
    """Return whether a token holds a character that comes before a space.

    Only tokens of an unusual token pattern do.
    """
    return bool(pc.any(pc.match_substring_regex(tokens, r"[\x00-\x1f]")).as_py())


def _sum_over_parts(
    counts_of_part: Callable[[Path, NgramLevels], Counts],
    parts: tuple[Path, ...],
    ngrams: NgramLevels,
    context: Context,
) -> Counts:
    def pieces() -> Iterator[Counts]:
        for batch in _batches(parts):
            context.check_stop()
            yield from context.executor.map(counts_of_part, batch, itertools.repeat(ngrams))

    return _sum_counts(pieces())


def _longer_counts_of_part(part: Path, ngrams: NgramLevels) -> Counts:
    """Return the counts of one part, with ids over all parts."""
    file = pq.ParquetFile(part / "counts.parquet")
    token_ids = _token_ids(file, ngrams)
    first_row, ids = 0, token_ids
    for row_group, level in enumerate(ngrams.levels[1:], start=1):
        keys = _keys(file, row_group, first_row, ids, token_ids, len(ngrams.tokens))
        first_row, ids = first_row + len(ids), positions_in(keys, level.keys)
    longest = len(ngrams.levels)
    keys = _keys(file, longest, first_row, ids, token_ids, len(ngrams.tokens))
    return _known_counts(file, longest, keys)


def _token_ids(file: Any, ngrams: NgramLevels) -> NDArray[np.int64]:
    """Return the id over all parts of each token of a part, −1 if dropped."""
    ids = pc.fill_null(pc.index_in(_column(file, 0, "token"), ngrams.tokens), -1)
    return np.asarray(ids.to_numpy(), np.int64)


def _known_counts(file: Any, row_group: int, keys: NDArray[np.int64]) -> Counts:
    """Return the counts of a row group where the key is not −1."""
    counts = _column(file, row_group, "count").to_numpy()
    frequencies = _column(file, row_group, "document_frequency").to_numpy()
    kept = keys >= 0
    return Counts(keys[kept], counts[kept].astype(np.int64), frequencies[kept].astype(np.int64))


def _pair_counts_of_part(part: Path, ngrams: NgramLevels) -> Counts:
    """Return the skip-bigrams of one part, with ids over all parts."""
    file = pq.ParquetFile(part / "counts.parquet")
    token_ids = _token_ids(file, ngrams)
    row_group = file.num_row_groups - 1
    keys = _keys(file, row_group, 0, token_ids, token_ids, len(ngrams.tokens))
    return _known_counts(file, row_group, keys)


def _keys(
    file: Any,
    row_group: int,
    first_row: int,
    shorter_ids: NDArray[np.int64],
    token_ids: NDArray[np.int64],
    distinct: int,
) -> NDArray[np.int64]:
    shorter = _column(file, row_group, "shorter").to_numpy() - np.int32(first_row)
    last = _column(file, row_group, "last").to_numpy()
    keys: NDArray[np.int64] = pair_keys(shorter, last, shorter_ids, token_ids, distinct)
    return keys


def _sum_counts(pieces: Iterable[Counts]) -> Counts:
    """Return the sum of all pieces.

    Pieces of similar size are added first, so that each n-gram is copied log(parts) times.
    """
    sums: list[Counts] = []
    for piece in pieces:
        sums.append(piece)
        while len(sums) > 1 and len(sums[-2].keys) <= 2 * len(sums[-1].keys):
            sums.append(_add(sums.pop(), sums.pop()))
    nothing = np.zeros(0, np.int64)
    total = Counts(nothing, nothing, nothing)
    while sums:
        total = _add(total, sums.pop())
    return total


def _add(one: Counts, other: Counts) -> Counts:
    sums = merge_counts(
        one.keys, one.counts, one.frequencies, other.keys, other.counts, other.frequencies
    )
    return Counts(*sums)


def _tokens_of_part(part: Path) -> pa.Table:
    file = pq.ParquetFile(part / "counts.parquet")
    columns = _no_tokens().column_names
    return file.read_row_group(0, columns=columns).cast(_no_tokens().schema)


def _no_tokens() -> pa.Table:
    columns = [("token", pa.string()), ("count", pa.int64()), ("document_frequency", pa.int64())]
    return pa.schema(columns).empty_table()


def _column(file: Any, row_group: int, name: str) -> pa.Array:
    return _one_array(file.read_row_group(row_group, columns=[name])[name])


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays([*column.chunks, pa.array([], column.type)])


def _batches(parts: tuple[Path, ...]) -> Iterator[tuple[Path, ...]]:
    for first in range(0, len(parts), PARTS_AT_ONCE):
        yield parts[first : first + PARTS_AT_ONCE]
