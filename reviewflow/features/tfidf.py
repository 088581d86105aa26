"""Write the TF-IDF values of a part as sparse rows in Parquet.

    tokens.parquet ──────┐
                         ├─ terms of each row ─ × idf ─ ÷ norm ─┐
    vocabulary.parquet ──┘                                      ├─▶ features.parquet
    reviews.parquet (label), split.parquet ─────────────────────┘

The lists' offsets, ``indices`` and ``values`` are the three arrays of a CSR matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.features.compiled_tfidf import term_counts, term_trie, tfidf_values
from reviewflow.features.tokens import GAP, Tokens, characters, escape_gaps, read_tokens
from reviewflow.store.parquet import read_parquet

_READING = Lock()  # parts start side by side: one reads the vocabulary, and the others wait


def write_features(
    *,
    reviews: Path,
    split: Path,
    tokens: Path,
    vocabulary: Path,
    analyzer: str,
    ngram_range: tuple[int, int],
    skip_bigrams: bool,
    binary: bool,
    sublinear_tf: bool,
    norm: str,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Write the label, the split and the sparse values of each row.

    ``features.parquet`` has the columns ``label``, ``split``, ``indices`` and ``values``.

    Values are scikit-learn's ``TfidfTransformer`` (smoothed idf) in float32: count × idf, each
    row divided by its norm. A row without a term of the vocabulary has empty lists.

    Parameters
    ----------
    reviews, split, tokens : artifact folders of the part.
    vocabulary : artifact folder with ``vocabulary.parquet``.
    analyzer : ``"word"`` for terms of tokens, ``"char"`` of the characters of their text.
    ngram_range : shortest and longest n-gram.
    skip_bigrams : whether the vocabulary may hold skip-bigrams.
    binary : use 1 instead of the count.
    sublinear_tf : use 1 + ln(count) instead of the count.
    norm : ``"l2"`` or ``"l1"``.
    """
    terms = read_trie(vocabulary, ngram_range[1], skip_bigrams, analyzer)
    rows = read_tokens(tokens)
    context.check_stop()
    weighting = Weighting(analyzer, ngram_range[1], skip_bigrams, binary, sublinear_tf, norm)
    ends, indices, values = weight_terms(rows, terms, weighting)
    labels = read_parquet(reviews / "reviews.parquet", columns=["label"])["label"]
    splits = read_parquet(split / "split.parquet", columns=["split"])["split"]
    table = pa.table(
        {
            "label": labels.cast(pa.int8()),
            "split": splits.cast(pa.dictionary(pa.int8(), pa.string())),
            "indices": _lists(ends, indices),
            "values": _lists(ends, values),
        }
    )
    # One row group, so that the loader gets each list column as one piece of memory.
    pq.write_table(
        table,
        folder / "features.parquet",
        row_group_size=max(1, len(table)),
        use_dictionary=["split"],
        compression="lz4",
        write_statistics=False,
    )
    return {"rows": len(table), "values": len(values)}


@dataclass(frozen=True)
class Weighting:
    """How tokens become values: settings of the section ``vectorize``.

    Attributes
    ----------
    longest : tokens of the longest n-gram.
    """

    analyzer: str
    longest: int
    skip_bigrams: bool
    binary: bool
    sublinear_tf: bool
    norm: str


@dataclass(frozen=True)
class TermTrie:
    """The vocabulary as a trie of tokens, ready for look-up.

    Attributes
    ----------
    tokens : string array, shape (D,), distinct tokens of the terms.
    edges : int64, shape (S, 2), see :func:`reviewflow.features.compiled_tfidf.term_trie`.
    idf : float64, shape (V,).
    gap : the position in ``tokens`` of the gap between two words, −1 for none.
    """

    tokens: pa.StringArray
    edges: NDArray[np.int64]
    idf: NDArray[np.float64]
    gap: int


def weight_terms(
    rows: Tokens, terms: TermTrie, weighting: Weighting
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Return the terms of N rows of tokens and their TF-IDF values.

    Training rows and rows to be scored are treated alike.

    Returns
    -------
    ends : shape (N,), where each row's entries end.
    indices, values : shape (E,), terms ascending in each row, and values within [0, 1].
    """
    if weighting.analyzer == "char":
        rows = characters(rows)
    if weighting.skip_bigrams:
        rows = escape_gaps(rows)
    known = pc.fill_null(pc.index_in(rows.words, terms.tokens), -1).to_numpy()
    ends, indices, counts = term_counts(
        rows.codes,
        rows.lengths,
        known,
        terms.edges,
        len(terms.idf),
        len(terms.tokens),
        weighting.longest,
        terms.gap,
    )
    if weighting.binary:
        counts = np.ones_like(counts)
    is_l1 = weighting.norm == "l1"
    values = tfidf_values(ends, indices, counts, terms.idf, weighting.sublinear_tf, is_l1)
    return ends, indices, values


def read_trie(
    vocabulary: Path, longest: int, skip_bigrams: bool, analyzer: str = "word"
) -> TermTrie:
    """Return the vocabulary, whose n-grams have up to ``longest`` tokens."""
    path = vocabulary / "vocabulary.parquet"
    status = path.stat()
    with _READING:
        stamp = status.st_mtime_ns, status.st_size
        return _read_trie(path, longest, skip_bigrams, analyzer, *stamp)


@lru_cache(maxsize=2)
def _read_trie(
    path: Path,
    longest: int,
    skip_bigrams: bool,
    analyzer: str,
    modified_ns: int,
    size_bytes: int,
) -> TermTrie:
    """Read once for all parts, and again if the file's time or size differs."""
    table = read_parquet(path, columns=["term", "idf"]).combine_chunks()
    return build_trie(table, longest, skip_bigrams, analyzer)


def build_trie(table: pa.Table, longest: int, skip_bigrams: bool, analyzer: str) -> TermTrie:
    """Return the trie of a table of ``term`` and ``idf`` in one chunk."""
    terms = table["term"].chunk(0)
    if longest == 1 and not skip_bigrams:  # a single token may hold spaces
        pieces, ends = terms, np.arange(1, len(terms) + 1, dtype=np.int64)
    elif analyzer == "char":
        pieces = pa.array(list("".join(terms.to_pylist())), pa.string())
        ends = np.cumsum(pc.utf8_length(terms), dtype=np.int64)
    else:
        lists = pc.split_pattern(terms, " ")
        pieces, ends = lists.flatten(), np.cumsum(pc.list_value_length(lists), dtype=np.int64)
    encoded = pieces.dictionary_encode()
    tokens = encoded.dictionary
    edges = term_trie(encoded.indices.to_numpy(), ends, len(tokens))
    gap = pc.index(tokens, GAP).as_py() if skip_bigrams else -1
    return TermTrie(tokens, edges, table["idf"].to_numpy(), gap)


def _lists(ends: NDArray[np.int64], items: NDArray[Any]) -> pa.ListArray:
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(items))
