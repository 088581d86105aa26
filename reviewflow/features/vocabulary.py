"""Choose the terms that become features, and weight each.

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
    NgramLevels,
    longer_counts,
    ngram_texts,
    text_order,
    token_counts,
)


def build_vocabulary(
    *,
    counts: tuple[Path, ...],
    max_features: int,
    min_df: int,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Write ``vocabulary.parquet``: the terms in code-point order.

    Its columns are ``term``, ``index`` (from 0), ``document_frequency`` and ``idf``. The file's
    metadata holds the number of fitted documents (``documents``), from which the idf follows.

    Parameters
    ----------
    counts : artifact folder of each part, with ``counts.parquet``.
    max_features : most terms. Those with the highest total count stay, and of equal ones those
        that come first in code-point order.
    min_df : fewest documents that a term must occur in.

    Raises
    ------
    QualityError
        If there is no fitted row, no token in the fitted rows, or no term that reaches ``min_df``.
    """
    documents, shortest, longest = read_metadata(counts)
    ngrams = token_counts(counts, context)
    tokens = ngrams.tokens
    kept = candidate_ngrams(ngrams.levels, shortest, max_features, min_df)
    first = ngrams.levels[0].select(kept)
    ngrams = NgramLevels(tokens.filter(pa.array(kept)), (first.renumber(),))
    for n in range(2, longest + 1):
        context.progress("vocabulary", {"done": n - 1, "total": longest})
        levels = (*ngrams.levels, longer_counts(counts, ngrams, context))
        kept = candidate_ngrams(levels, shortest, max_features, min_df)
        ngrams = NgramLevels(ngrams.tokens, (*ngrams.levels, levels[-1].select(kept)))
    terms = most_frequent(ngrams, shortest, max_features)
    if not len(terms):
        raise QualityError(_nothing_left(documents, len(tokens), min_df))
    _write(terms, documents, folder / "vocabulary.parquet")
    return {"rows": len(terms), "documents": documents}


def read_metadata(counts: tuple[Path, ...]) -> tuple[int, int, int]:
    """Return the number of fitted documents, shortest and longest n-gram."""
    documents, shortest, longest = 0, 1, 1
    for part in counts:
        metadata = pq.read_schema(part / "counts.parquet").metadata
        documents += int(metadata[b"documents"])
        shortest, longest = (int(n) for n in metadata[b"ngram_range"].split(b","))
    return documents, shortest, longest


def candidate_ngrams(
    levels: tuple[Counts, ...], shortest: int, max_features: int, min_df: int
) -> NDArray[np.bool_]:
    """Return which n-grams of the last level may be terms or begin some.

    An n-gram is dropped if it is in too few documents, or if ``max_features`` terms of the levels
    so far occur more often than it does.
    """
    last = levels[-1]
    kept: NDArray[np.bool_] = last.frequencies >= min_df
    if len(levels) < shortest:
        return kept
    counts = [level.counts for level in levels[shortest - 1 : -1]]
    so_far = np.concatenate([*counts, last.counts[kept]])
    surplus = len(so_far) - max_features
    if surplus <= 0:
        return kept
    kept &= last.counts >= np.partition(so_far, surplus)[surplus]
    return kept


def most_frequent(ngrams: NgramLevels, shortest: int, max_features: int) -> pa.Table:
    """Return ``term`` and ``document_frequency`` of the most frequent terms.

    They are in code-point order. Of terms that occur equally often the first in that order stay.
    """
    levels = ngrams.levels[shortest - 1 :]
    counts = np.concatenate([level.counts for level in levels])
    frequencies = np.concatenate([level.frequencies for level in levels])
    order = text_order(ngrams, shortest)
    if len(order) > max_features:
        most = np.argsort(-counts[order], kind="stable")[:max_features]
        order = order[np.sort(most)]
    by_level = np.sort(order)
    terms = ngram_texts(ngrams, shortest, by_level)
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
    """Return the smoothed idf of scikit-learn, ln((1 + N) / (1 + df)) + 1.

    ``TfidfTransformer`` computes the same.

    Parameters
    ----------
    frequencies : int64, shape (V,), number of documents that have each term.
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
