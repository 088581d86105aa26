"""Add up the counts of n-grams over all parts, one length after the other.

    part 0 ─┐                  ┌─ rare: dropped, and with it every longer n-gram that begins with it
    part 1 ─┼─ add up ─ level ─┤
    part 2 ─┘                  └─ kept: its position in the level is its id in the next one

An n-gram occurs at most as often as the shorter one that it begins with and as its last token. So
n-grams that cannot reach the vocabulary are dropped before longer ones are read, and memory is
needed only for those that still can. Where there are many, sums go by way of the disk.
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
from reviewflow.features.merging import pair_keys, positions_in
from reviewflow.features.summing import Candidates, Counts, sum_by_ranges, sum_counts
from reviewflow.features.tokens import GAP

PARTS_AT_ONCE = 8
ROWS_AT_ONCE = 4_000_000  # 24 bytes each, and up to three times that while they are summed


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
    """Return the single tokens of all parts.

    Sums of similar size are added first, as :func:`sum_counts` does.
    """
    sums: list[pa.Table] = []
    for batch in _batches(parts):
        context.check_stop()
        sums.append(_sum_tokens(context.executor.map(_tokens_of_part, batch)))
        while len(sums) > 1 and len(sums[-2]) <= 2 * len(sums[-1]):
            sums.append(_sum_tokens([sums.pop(), sums.pop()]))
    whole = _sum_tokens(sums).sort_by("token")
    counts, frequencies = whole["count"].to_numpy(), whole["document_frequency"].to_numpy()
    ids = np.arange(len(whole), dtype=np.int64)
    return NgramLevels(_one_array(whole["token"]), (Counts(ids, counts, frequencies),))


def longer_counts(
    parts: tuple[Path, ...],
    ngrams: NgramLevels,
    candidates: Candidates,
    folder: Path,
    context: Context,
) -> Counts:
    """Return the n-grams of all parts that are one token longer than these.

    Parameters
    ----------
    candidates : which n-grams may be terms or begin some. Where there are many n-grams, others are
        left out.
    folder : for a temporary folder.
    """
    level = Level(_longer_counts_of_part, len(ngrams.levels), ngrams, ngrams.levels[-1])
    return _sum_over_parts(level, parts, candidates, folder, context)


def pair_counts(
    parts: tuple[Path, ...],
    ngrams: NgramLevels,
    candidates: Candidates,
    folder: Path,
    context: Context,
) -> Counts:
    """Return the skip-bigrams of all parts, as :func:`longer_counts` does."""
    level = Level(_pair_counts_of_part, -1, ngrams, ngrams.levels[0])
    return _sum_over_parts(level, parts, candidates, folder, context)


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


@dataclass(frozen=True)
class Level:
    """What is summed over all parts.

    Attributes
    ----------
    counts_of_part : returns the counts of one part.
    row_group : number of the row group that holds them, of a part's ``counts.parquet``.
    ngrams : all that is known so far.
    first : the n-grams that those of the level begin with.
    """

    counts_of_part: Callable[[Path, NgramLevels], Counts]
    row_group: int
    ngrams: NgramLevels
    first: Counts


def _sum_over_parts(
    level: Level, parts: tuple[Path, ...], candidates: Candidates, folder: Path, context: Context
) -> Counts:
    def pieces() -> Iterator[Counts]:
        for batch in _batches(parts):
            context.check_stop()
            found = context.executor.map(
                level.counts_of_part, batch, itertools.repeat(level.ngrams)
            )
            yield sum_counts(found)

    rows = sum(_rows(part, level.row_group) for part in parts)
    if rows <= ROWS_AT_ONCE:
        return sum_counts(pieces())
    bounds = key_ranges(level.first, len(level.ngrams.tokens), -(-rows // ROWS_AT_ONCE))
    return sum_by_ranges(pieces(), bounds, candidates, folder)


def key_ranges(first: Counts, tokens: int, ranges: int) -> NDArray[np.int64]:
    """Return where ranges of keys of about as many n-grams begin and end.

    An n-gram begins at most as many longer ones as it has occurrences.

    Parameters
    ----------
    first : the n-grams that the others begin with.
    tokens : number of distinct tokens.
    """
    ends = np.cumsum(first.counts)
    shares = np.arange(1, ranges) * (ends[-1] / ranges)
    inner = np.unique(np.searchsorted(ends, shares) + 1)
    return np.array([0, *inner[inner < len(ends)], len(ends)], np.int64) * tokens


def _rows(part: Path, row_group: int) -> int:
    """Return the rows of a row group, of the last one if it is -1."""
    metadata = pq.read_metadata(part / "counts.parquet")
    return int(metadata.row_group(row_group % metadata.num_row_groups).num_rows)


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


def _sum_tokens(tables: Iterable[pa.Table]) -> pa.Table:
    """Return the sum of the counts of each token."""
    groups = pa.concat_tables([_no_tokens(), *tables]).group_by("token", use_threads=False)
    sums = groups.aggregate([("count", "sum"), ("document_frequency", "sum")])
    names = _no_tokens().column_names
    return sums.rename_columns(names).cast(_no_tokens().schema)


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
