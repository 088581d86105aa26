"""Stage vocabulary: the terms that become features, and the weight of each.

counts.parquet of each part ─▶ sums ─▶ min_df ─▶ the max_features most frequent ─▶ idf
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.errors import QualityError
from reviewflow.features.terms import (
    Counts,
    Known,
    longer_counts,
    terms_of,
    text_order,
    token_counts,
)


def vocabulary(
    *,
    counts: tuple[Path, ...],
    max_features: int,
    min_df: int,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Write ``vocabulary.parquet``: ``term``, ``index``, ``document_frequency``, ``idf``.

    Terms stand in code-point order and ``index`` counts from 0; the file's metadata holds the
    number of fitted documents (``documents``), from which the idf follows.

    Parameters
    ----------
    counts : artifact folder of each part, with ``counts.parquet``.
    max_features : most terms; those with the highest total count stay, among equals those that
        come first in code-point order.
    min_df : fewest documents that a term must occur in.

    Raises
    ------
    QualityError
        If there is no fitted row, no token in them, or no term that reaches ``min_df``.
    """
    documents, shortest, longest = fitted(counts)
    known = token_counts(counts, context)
    tokens = known.tokens
    kept = in_question(known.levels, shortest, max_features, min_df)
    first = known.levels[0].only(kept)
    known = Known(tokens.filter(pa.array(kept)), (first.renumbered(),))
    for n in range(2, longest + 1):
        context.progress("vocabulary", {"done": n - 1, "total": longest})
        levels = (*known.levels, longer_counts(counts, known, context))
        kept = in_question(levels, shortest, max_features, min_df)
        known = Known(known.tokens, (*known.levels, levels[-1].only(kept)))
    terms = most_frequent(known, shortest, max_features)
    if not len(terms):
        raise QualityError(_nothing_left(documents, len(tokens), min_df))
    _write(terms, documents, folder / "vocabulary.parquet")
    return {"rows": len(terms), "documents": documents}


def fitted(counts: tuple[Path, ...]) -> tuple[int, int, int]:
    """Number of fitted documents, shortest and longest n-gram, as the counts files have them."""
    documents, shortest, longest = 0, 1, 1
    for part in counts:
        metadata = pq.read_schema(part / "counts.parquet").metadata
        documents += int(metadata[b"documents"])
        shortest, longest = (int(n) for n in metadata[b"ngram_range"].split(b","))
    return documents, shortest, longest


def in_question(
    levels: tuple[Counts, ...], shortest: int, max_features: int, min_df: int
) -> NDArray[np.bool_]:
    """Which n-grams of the last level can be in the vocabulary, or start a longer one that is.

    An n-gram is out when it is in too few documents, or when ``max_features`` terms that are
    already known occur more often than it does.
    """
    last = levels[-1]
    kept: NDArray[np.bool_] = last.frequencies >= min_df
    if len(levels) < shortest:
        return kept
    counts = [level.counts for level in levels[shortest - 1 : -1]]
    known = np.concatenate([*counts, last.counts[kept]])
    place = len(known) - max_features
    if place <= 0:
        return kept
    kept &= last.counts >= np.partition(known, place)[place]
    return kept


def most_frequent(known: Known, shortest: int, max_features: int) -> pa.Table:
    """The vocabulary's ``term`` and ``document_frequency``, by term in code-point order.

    Of terms that occur equally often the first in that order are taken.
    """
    levels = known.levels[shortest - 1 :]
    counts = np.concatenate([level.counts for level in levels])
    frequencies = np.concatenate([level.frequencies for level in levels])
    order = text_order(known, shortest)
    if len(order) > max_features:
        most = np.argsort(-counts[order], kind="stable")[:max_features]
        order = order[np.sort(most)]
    by_level = np.sort(order)
    terms = terms_of(known, shortest, by_level)
    return pa.table(
        {
            "term": terms.take(pa.array(np.searchsorted(by_level, order))),
            "document_frequency": frequencies[order],
        }
    )


def _write(terms: pa.Table, documents: int, path: Path) -> None:
    frequencies = terms["document_frequency"].to_numpy()
    columns = {
        "term": terms["term"],
        "index": np.arange(len(terms), dtype=np.int32),
        "document_frequency": frequencies,
        "idf": inverse_document_frequencies(frequencies, documents),
    }
    pq.write_table(pa.table(columns, metadata={"documents": str(documents)}), path)


def inverse_document_frequencies(
    frequencies: NDArray[np.int64], documents: int
) -> NDArray[np.float64]:
    """ln((1 + N) / (1 + df)) + 1, the smoothed idf of scikit-learn's ``TfidfTransformer``.

    Parameters
    ----------
    frequencies : int64, shape (V,); in how many documents each term is.
    documents : N, the number of fitted documents.
    """
    weights: NDArray[np.float64] = np.log((1 + documents) / (1 + frequencies)) + 1
    return weights


def _nothing_left(documents: int, tokens: int, min_df: int) -> str:
    if not documents:
        return (
            "There is no training row to take a vocabulary from; "
            "check the split, or set vectorize.fit_on to all."
        )
    if not tokens:
        return (
            f"None of the {documents:,} rows that make the vocabulary holds a token; "
            "check ingest.text_column, normalize.token_pattern and normalize.stop_words."
        )
    return (
        f"No term of the asked lengths is in {min_df:,} or more of the {documents:,} rows that "
        "make the vocabulary; lower vectorize.min_df or the lengths in vectorize.ngram_range."
    )
