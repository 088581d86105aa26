"""Choose the terms that become features, and weight each.

counts.parquet of each part ─▶ sums ─▶ min_df ─▶ the max_features most frequent ─▶ idf
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.errors import QualityError
from reviewflow.features.summing import Counts
from reviewflow.features.terms import (
    NgramLevels,
    longer_counts,
    ngram_texts,
    pair_counts,
    text_order,
    token_counts,
)


def build_vocabulary(
    *,
    counts: tuple[Path, ...],
    max_features: int,
    min_df: int,
    binary: bool,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Write ``vocabulary.parquet``: the terms in code-point order.

    Its columns are ``term``, ``index`` (from 0), ``document_frequency`` and ``idf``. The file's
    metadata holds the number of fitted documents (``documents``), from which the idf follows, and
    ``skip_bigrams`` if terms may be skip-bigrams, such as "good * film", and ``analyzer`` if they
    are of characters.

    Parameters
    ----------
    counts : artifact folder of each part, with ``counts.parquet``.
    max_features : most terms. Those with the highest total count stay, and of equal ones those
        that come first in code-point order.
    min_df : fewest documents that a term must occur in.
    binary : a term counts once a document, so that its total count is its document frequency.

    Raises
    ------
    QualityError
        If there is no fitted row, no token in the fitted rows, or no term that reaches ``min_df``.
    """
    fitted = read_metadata(counts)
    limits = Limits(fitted.shortest, max_features, min_df, binary)
    every = token_counts(counts, context)
    kept = candidate_ngrams((), every.levels[0], limits)
    first = every.levels[0].select(kept)
    joiner = " " if fitted.analyzer == "word" else ""
    tokens = every.tokens.filter(pa.array(kept))
    ngrams = NgramLevels(tokens, (first.renumber(),), joiner=joiner)
    for n in range(2, fitted.longest + 1):
        context.progress("vocabulary", {"done": n - 1, "total": fitted.longest})
        candidates = partial(candidate_ngrams, ngrams.levels, limits=limits)
        level = longer_counts(counts, ngrams, candidates, folder, context)
        level = level.select(candidates(level))
        ngrams = replace(ngrams, levels=(*ngrams.levels, level))
    if fitted.skip_bigrams:
        candidates = partial(candidate_ngrams, ngrams.levels, limits=limits)
        pairs = pair_counts(counts, ngrams, candidates, folder, context)
        ngrams = replace(ngrams, pairs=pairs.select(candidates(pairs)))
    terms = most_frequent(ngrams, limits)
    if not len(terms):
        raise QualityError(_nothing_left(fitted.documents, len(every.tokens), min_df))
    _write(terms, fitted, folder / "vocabulary.parquet")
    return {"rows": len(terms), "documents": fitted.documents}


@dataclass(frozen=True)
class Limits:
    """Which n-grams become terms.

    Attributes
    ----------
    shortest : fewest tokens of an n-gram.
    max_features, min_df, binary : as in :func:`build_vocabulary`.
    """

    shortest: int
    max_features: int
    min_df: int
    binary: bool

    def occurrences(self, level: Counts) -> NDArray[np.int64]:
        """Return how often each n-gram counts."""
        return level.frequencies if self.binary else level.counts


@dataclass(frozen=True)
class Fitted:
    """What the counts of all parts were made from.

    Attributes
    ----------
    documents : number of fitted documents.
    shortest, longest : tokens in the shortest and in the longest n-gram.
    skip_bigrams : whether skip-bigrams were counted, too.
    analyzer : ``"word"`` or ``"char"``: what the tokens are.
    """

    documents: int
    shortest: int
    longest: int
    skip_bigrams: bool
    analyzer: str


def read_metadata(counts: tuple[Path, ...]) -> Fitted:
    """Return what the counts of all parts were made from."""
    documents, shortest, longest, skip_bigrams, analyzer = 0, 1, 1, False, "word"
    for part in counts:
        metadata = pq.read_schema(part / "counts.parquet").metadata
        documents += int(metadata[b"documents"])
        shortest, longest = (int(n) for n in metadata[b"ngram_range"].split(b","))
        skip_bigrams = b"skip_bigrams" in metadata
        analyzer = metadata.get(b"analyzer", b"word").decode()
    return Fitted(documents, shortest, longest, skip_bigrams, analyzer)


def candidate_ngrams(before: tuple[Counts, ...], last: Counts, limits: Limits) -> NDArray[np.bool_]:
    """Return which n-grams of the last level may be terms or begin some.

    An n-gram is dropped if it is in too few documents, or if ``max_features`` terms of the levels
    so far occur more often than it does. What is dropped in a piece of a level is dropped in the
    whole, too.

    Parameters
    ----------
    before : the levels of shorter n-grams.
    last : the last level, or a piece of it.
    """
    kept: NDArray[np.bool_] = last.frequencies >= limits.min_df
    if len(before) + 1 < limits.shortest:
        return kept
    occurrences = limits.occurrences(last)
    counts = [limits.occurrences(level) for level in before[limits.shortest - 1 :]]
    so_far = np.concatenate([*counts, occurrences[kept]])
    surplus = len(so_far) - limits.max_features
    if surplus <= 0:
        return kept
    kept &= occurrences >= np.partition(so_far, surplus)[surplus]
    return kept


def most_frequent(ngrams: NgramLevels, limits: Limits) -> pa.Table:
    """Return ``term`` and ``document_frequency`` of the most frequent terms.

    They are in code-point order. Of terms that occur equally often the first in that order stay.
    """
    shortest, max_features = limits.shortest, limits.max_features
    levels = (*ngrams.levels[shortest - 1 :], ngrams.pairs)
    counts = np.concatenate([limits.occurrences(level) for level in levels])
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


def has_skip_bigrams(vocabulary: Path) -> bool:
    """Return whether the terms of a vocabulary may be skip-bigrams."""
    metadata = pq.read_schema(vocabulary / "vocabulary.parquet").metadata
    return b"skip_bigrams" in (metadata or {})


def is_of_characters(vocabulary: Path) -> bool:
    """Return whether the terms of a vocabulary are n-grams of characters."""
    metadata = pq.read_schema(vocabulary / "vocabulary.parquet").metadata
    return b"analyzer" in (metadata or {})


def _write(terms: pa.Table, fitted: Fitted, path: Path) -> None:
    frequencies = terms["document_frequency"].to_numpy()
    columns = {
        "term": terms["term"],
        "index": np.arange(len(terms), dtype=np.int32),
        "document_frequency": frequencies,
        "idf": inverse_document_frequencies(frequencies, fitted.documents),
    }
    metadata = {
        "documents": str(fitted.documents),
        **({"skip_bigrams": "true"} if fitted.skip_bigrams else {}),
        **({"analyzer": fitted.analyzer} if fitted.analyzer != "word" else {}),
    }
    pq.write_table(pa.table(columns, metadata=metadata), path)


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
