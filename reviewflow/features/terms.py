"""Terms of all parts together: their counts added up one n-gram length after the other.

    part 0 ─┐                  ┌─ seldom: gone, and with it every longer n-gram that starts so
    part 1 ─┼─ add up ─ level ─┤
    part 2 ─┘                  └─ kept: its place in the level is its id in the next one

An n-gram occurs at most as often as the shorter one that it starts with and as its last token.
So what cannot reach the vocabulary is dropped before longer n-grams are read, and memory
follows the terms that are still in question.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.features.merging import merged_counts, pair_keys, places_in

PARTS_AT_ONCE = 8


@dataclass(frozen=True)
class Counts:
    """Figures of K n-grams of one length, sorted by key.

    Attributes
    ----------
    keys : int64, shape (K,); strictly ascending. Id of the shorter n-gram × number of tokens +
        id of the last token; for single tokens their id.
    counts, frequencies : int64, shape (K,); occurrences, and documents that have it.
    """

    keys: NDArray[np.int64]
    counts: NDArray[np.int64]
    frequencies: NDArray[np.int64]

    def only(self, rows: NDArray[np.bool_]) -> Counts:
        """Some of the n-grams; ``rows`` is a mask of shape (K,)."""
        return Counts(self.keys[rows], self.counts[rows], self.frequencies[rows])

    def renumbered(self) -> Counts:
        """The same figures with the keys 0, 1, 2 …"""
        keys = np.arange(len(self.keys), dtype=np.int64)
        return Counts(keys, self.counts, self.frequencies)


@dataclass(frozen=True)
class Known:
    """The n-grams that are still in question, length by length.

    Attributes
    ----------
    tokens : string array, shape (V,); in code-point order, so that token i is the 1-gram i.
    levels : one :class:`Counts` a length, from 1 on; an n-gram's place in its level is its id.
    """

    tokens: pa.StringArray
    levels: tuple[Counts, ...]


def token_counts(parts: tuple[Path, ...], context: Context) -> Known:
    """The single tokens of all parts."""
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
    return Known(_one_array(whole["token"]), (Counts(ids, counts, frequencies),))


def longer_counts(parts: tuple[Path, ...], known: Known, context: Context) -> Counts:
    """The n-grams of all parts that are one token longer than the longest known ones."""
    return _sum(_counts_of_parts(parts, known, context))


def text_order(known: Known, shortest: int) -> NDArray[np.int64]:
    """The places of all n-grams of ``shortest`` tokens and more, by text in code-point order.

    Tokens are in that order, and the space that joins them comes before every letter: so to
    compare the tokens' ids, one after the other, is to compare the texts.
    """
    sizes = [len(level.keys) for level in known.levels]
    skipped = sum(sizes[: shortest - 1])
    if len(sizes) > 1 and _has_what_comes_before_a_space(known.tokens):
        every = terms_of(known, shortest, np.arange(sum(sizes) - skipped))
        return np.asarray(pc.array_sort_indices(every).to_numpy(), np.int64)
    order = np.empty(sum(sizes), np.int64)
    order[np.concatenate(_places_in_tree(known))] = np.arange(sum(sizes))
    return order[order >= skipped] - skipped


def _places_in_tree(known: Known) -> list[NDArray[np.int64]]:
    """Where each n-gram comes if every one is followed by those that it starts, level by level.

    Each level is sorted already, so that an n-gram comes as far behind the one that starts it as
    there are n-grams in the branches of its earlier siblings.
    """
    starts = [level.keys // len(known.tokens) for level in known.levels[1:]]
    branches = [np.ones(len(known.levels[-1].keys), np.int64)]  # n-grams that start with each
    for start, level in zip(reversed(starts), reversed(known.levels[:-1]), strict=True):
        inside = np.bincount(start, branches[0], len(level.keys)).astype(np.int64)
        branches.insert(0, inside + 1)
    places = [np.cumsum(branches[0]) - branches[0]]
    for start, above, here in zip(starts, branches, branches[1:], strict=False):
        earlier = np.cumsum(here) - here
        earlier_elsewhere = np.cumsum(above - 1) - (above - 1)
        places.append(places[-1][start] + 1 + earlier - earlier_elsewhere[start])
    return places


def terms_of(known: Known, shortest: int, places: NDArray[np.int64]) -> pa.StringArray:
    """The text of some n-grams: their tokens joined with spaces.

    Parameters
    ----------
    places : ascending; the n-grams of ``shortest`` tokens and more are numbered level by level.
    """
    texts, first = [pa.array([], pa.string())], 0
    for n, level in enumerate(known.levels[shortest - 1 :], start=shortest):
        begin, end = np.searchsorted(places, [first, first + len(level.keys)])
        ids = tokens_of(known, n, places[begin:end] - first)
        columns = [known.tokens.take(pa.array(column)) for column in ids]
        texts.append(columns[0] if n == 1 else pc.binary_join_element_wise(*columns, " "))
        first += len(level.keys)
    return pa.concat_arrays(texts)


def tokens_of(known: Known, n: int, ids: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The tokens' ids of some n-grams of length n: n arrays of the shape of ``ids``."""
    tokens: list[NDArray[np.int64]] = []
    for level in reversed(known.levels[1:n]):
        ids, last = np.divmod(level.keys[ids], len(known.tokens))
        tokens.insert(0, last)
    return [ids, *tokens]


def _has_what_comes_before_a_space(tokens: pa.StringArray) -> bool:
    """Whether a token holds a control character, as those of an odd token pattern may."""
    return bool(pc.any(pc.match_substring_regex(tokens, r"[\x00-\x1f]")).as_py())


def _counts_of_parts(parts: tuple[Path, ...], known: Known, context: Context) -> Iterator[Counts]:
    for batch in _batches(parts):
        context.check_stop()
        yield from context.executor.map(_counts_of_part, batch, itertools.repeat(known))


def _counts_of_part(part: Path, known: Known) -> Counts:
    """The counts of one part, its own row numbers replaced by the whole's ids."""
    file = pq.ParquetFile(part / "counts.parquet")
    tokens = _column(file, 0, "token")
    token_ids = pc.fill_null(pc.index_in(tokens, known.tokens), -1).to_numpy().astype(np.int64)
    first_row, ids = 0, token_ids
    for row_group, level in enumerate(known.levels[1:], start=1):
        keys = _keys(file, row_group, first_row, ids, token_ids, len(known.tokens))
        first_row, ids = first_row + len(ids), places_in(keys, level.keys)
    longest = len(known.levels)
    keys = _keys(file, longest, first_row, ids, token_ids, len(known.tokens))
    counts = _column(file, longest, "count").to_numpy()
    frequencies = _column(file, longest, "document_frequency").to_numpy()
    kept = keys >= 0
    return Counts(keys[kept], counts[kept].astype(np.int64), frequencies[kept].astype(np.int64))


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


def _sum(pieces: Iterable[Counts]) -> Counts:
    """All pieces added up; like sizes meet, so that each n-gram is copied log(parts) times."""
    sums: list[Counts] = []
    for piece in pieces:
        sums.append(piece)
        while len(sums) > 1 and len(sums[-2].keys) <= 2 * len(sums[-1].keys):
            sums.append(_added(sums.pop(), sums.pop()))
    nothing = np.zeros(0, np.int64)
    total = Counts(nothing, nothing, nothing)
    while sums:
        total = _added(total, sums.pop())
    return total


def _added(one: Counts, other: Counts) -> Counts:
    sums = merged_counts(
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
