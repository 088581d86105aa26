"""The three stages against scikit-learn's TfidfVectorizer on the same tokens."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewflow.errors import ConfigError, QualityError
from reviewflow.features.vocabulary import has_skip_bigrams, is_of_characters
from tests.reviewflow.features.vectorizing import (
    Vectorized,
    largest_difference,
    plain_terms,
    real_tokens,
    sklearn_fit,
    vectorized,
    write_part,
)

ROWS = 2000
FEW = 80  # for what is tried in many combinations


TRAIN = tuple(random.Random(1).random() < 0.8 for _ in range(ROWS))


def written_parts(root: Path, rows: int) -> list[Path]:
    """The first of the real reviews in four parts of unlike sizes."""
    bounds = [0, rows // 3, rows // 3 + 1, rows // 2, rows]
    return [
        write_part(root / str(first), real_tokens(ROWS)[first:last], TRAIN[first:last])
        for first, last in itertools.pairwise(bounds)
    ]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return written_parts(tmp_path_factory.mktemp("reviews"), ROWS)


@pytest.fixture(scope="module")
def few_parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return written_parts(tmp_path_factory.mktemp("few"), FEW)


def assert_equal_to_sklearn(ours: Vectorized, vectorizer: Any, matrix: Any) -> None:
    assert ours.terms == vectorizer.get_feature_names_out().tolist()
    np.testing.assert_allclose(ours.vocabulary["idf"].to_numpy(), vectorizer.idf_, rtol=1e-12)
    assert ours.vocabulary["index"].to_pylist() == list(range(len(ours.terms)))
    assert largest_difference(ours.matrix, matrix) < 1e-6
    assert ours.matrix.nnz == matrix.nnz
    assert ours.matrix.nnz == 0 or 0 <= ours.matrix.data.min() <= ours.matrix.data.max() <= 1


@pytest.mark.parametrize(
    ("chosen", "fit_on"),
    [
        ({"ngram_range": (1, 1), "min_df": 1}, "train"),
        ({"ngram_range": (1, 1), "min_df": 3}, "all"),
        ({"ngram_range": (1, 3), "min_df": 2}, "train"),
        ({"ngram_range": (1, 3), "min_df": 2, "skip_bigrams": True, "binary": True}, "train"),
        ({"ngram_range": (1, 1), "min_df": 2, "skip_bigrams": True}, "train"),
    ],
)
def test_real_reviews_get_scikit_learns_values(
    parts: list[Path], tmp_path: Path, chosen: dict[str, Any], fit_on: str
) -> None:
    ours = vectorized(tmp_path, parts, fit_on=fit_on, **chosen)
    fitted = TRAIN if fit_on == "train" else [True] * ROWS
    assert_equal_to_sklearn(ours, *sklearn_fit(real_tokens(ROWS), fitted, **chosen))


@pytest.mark.parametrize("norm", ["l2", "l1"])
@pytest.mark.parametrize(
    "counted", [{}, {"sublinear_tf": True}, {"binary": True}, {"skip_bigrams": True}]
)
@pytest.mark.parametrize("fit_on", ["train", "all"])
@pytest.mark.parametrize(
    ("ngram_range", "min_df"), [((1, 1), 1), ((1, 2), 2), ((2, 3), 1), ((1, 3), 3)]
)
def test_all_settings_together_do_what_scikit_learns_do(
    few_parts: list[Path],
    tmp_path: Path,
    ngram_range: tuple[int, int],
    min_df: int,
    fit_on: str,
    counted: dict[str, Any],
    norm: str,
) -> None:
    chosen: dict[str, Any] = {"ngram_range": ngram_range, "min_df": min_df, "norm": norm, **counted}
    fitted = TRAIN[:FEW] if fit_on == "train" else [True] * FEW
    oracle = sklearn_fit(real_tokens(ROWS)[:FEW], fitted, **chosen)
    ours = vectorized(tmp_path, few_parts, fit_on=fit_on, **chosen)
    assert_equal_to_sklearn(ours, *oracle)


@pytest.mark.parametrize("norm", ["l2", "l1"])
@pytest.mark.parametrize("counted", [{}, {"sublinear_tf": True}, {"binary": True}])
@pytest.mark.parametrize("fit_on", ["train", "all"])
@pytest.mark.parametrize(("ngram_range", "min_df"), [((1, 1), 1), ((1, 3), 2), ((2, 5), 3)])
def test_characters_get_scikit_learns_values(
    few_parts: list[Path],
    tmp_path: Path,
    ngram_range: tuple[int, int],
    min_df: int,
    fit_on: str,
    counted: dict[str, Any],
    norm: str,
) -> None:
    chosen: dict[str, Any] = {"analyzer": "char", "ngram_range": ngram_range, "min_df": min_df}
    chosen |= {"norm": norm, **counted}
    fitted = TRAIN[:FEW] if fit_on == "train" else [True] * FEW
    oracle = sklearn_fit(real_tokens(ROWS)[:FEW], fitted, **chosen)
    ours = vectorized(tmp_path, few_parts, fit_on=fit_on, **chosen)
    assert_equal_to_sklearn(ours, *oracle)
    assert is_of_characters(tmp_path / "vocabulary")


@settings(max_examples=100, deadline=None)
@given(
    documents=st.lists(
        st.lists(st.text(st.sampled_from("aé漢字𝐀*\u0947"), min_size=1, max_size=4), max_size=4),
        min_size=1,
        max_size=6,
    ),
    longest=st.integers(1, 3),
)
def test_characters_of_any_tokens_are_scikit_learns(
    documents: list[list[str]], longest: int
) -> None:
    chosen: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, longest)}
    documents = [["first"], *documents]
    with tempfile.TemporaryDirectory() as folder:
        part = write_part(Path(folder) / "part", documents, [True] * len(documents))
        ours = vectorized(Path(folder) / "made", [part], **chosen)
        oracle = sklearn_fit(documents, [True] * len(documents), **chosen)
        assert_equal_to_sklearn(ours, *oracle)


@pytest.mark.parametrize("ngram_range", [(1, 1), (1, 3), (2, 2)])
@pytest.mark.parametrize("max_features", [1, 3000])
@pytest.mark.parametrize(("binary", "skip_bigrams"), [(False, False), (True, True)])
def test_the_most_frequent_terms_stay(
    parts: list[Path],
    tmp_path: Path,
    ngram_range: tuple[int, int],
    max_features: int,
    binary: bool,
    skip_bigrams: bool,
) -> None:
    chosen: dict[str, Any] = {"ngram_range": ngram_range, "skip_bigrams": skip_bigrams}
    ours = vectorized(tmp_path, parts, min_df=2, max_features=max_features, binary=binary, **chosen)
    counts, documents = slow_counts(**chosen)
    occurrences = documents if binary else counts
    ranked = sorted(counts, key=lambda term: (-occurrences[term], term))
    kept = [term for term in ranked if documents[term] >= 2][:max_features]
    assert ours.terms == sorted(kept)
    assert ours.vocabulary["document_frequency"].to_pylist() == [
        documents[term] for term in ours.terms
    ]


@lru_cache(maxsize=6)
def slow_counts(
    ngram_range: tuple[int, int], skip_bigrams: bool
) -> tuple[Counter[str], Counter[str]]:
    """How often each term of the real reviews occurs, and in how many reviews."""
    counts: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    for words in real_tokens(ROWS):
        terms = plain_terms(words, ngram_range, skip_bigrams)
        counts.update(terms)
        documents.update(set(terms))
    return counts, documents


# "b'" and "b-" sort between "b" and "ba"; "é" and "𝔟" beyond ASCII and beyond two bytes; "*" is
# the gap of a skip-bigram, and "+" and ")" sort around it
WORDS = st.sampled_from(
    ["a", "b", "b'", "b-", "ba", "é", "𝔟", "\uffff", "\x01", "", "*", "**", "\\*", "+", ")"]
)
DOCUMENTS = st.lists(st.tuples(st.lists(WORDS, max_size=8), st.booleans()), max_size=10)
SETTINGS = st.fixed_dictionaries(
    {
        "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 2), (1, 4), (3, 5)]),
        "min_df": st.integers(1, 3),
        "max_features": st.sampled_from([1, 2, 5, 1000]),
        "sublinear_tf": st.booleans(),
        "norm": st.sampled_from(["l1", "l2"]),
        "skip_bigrams": st.booleans(),
        "binary": st.booleans(),
        "fit_on": st.sampled_from(["train", "all"]),
    }
)


@settings(max_examples=25, deadline=None)
@given(DOCUMENTS, SETTINGS, st.integers(0, 10), st.integers(0, 10))
def test_parts_and_their_order_change_nothing(
    documents: list[tuple[list[str], bool]], chosen: dict[str, Any], cut: int, cut_2: int
) -> None:
    first, second = sorted((cut, cut_2))
    pieces = [documents[:first], documents[first:second], documents[second:]]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        one = outcome(root / "one", [documents], chosen)
        assert same(outcome(root / "three", pieces, chosen), one)
        turned = outcome(root / "turned", pieces[::-1], chosen)
        if isinstance(one, str):
            assert turned == one
        else:
            assert turned.vocabulary.equals(one.vocabulary, check_metadata=True)


@settings(max_examples=25, deadline=None)
@given(DOCUMENTS, SETTINGS)
def test_small_documents_get_scikit_learns_values(
    documents: list[tuple[list[str], bool]], chosen: dict[str, Any]
) -> None:
    # which of equally frequent terms scikit-learn keeps is left to its sort
    chosen = {**chosen, "max_features": 1000}
    with tempfile.TemporaryDirectory() as name:
        ours = outcome(Path(name), [documents[:4], documents[4:]], chosen)
    oracle = {key: chosen[key] for key in chosen if key not in ("max_features", "fit_on")}
    fitted = [train or chosen["fit_on"] == "all" for _, train in documents]
    try:
        expected = sklearn_fit([words for words, _ in documents], fitted, **oracle)
    except ValueError:  # it has no documents, no terms, or fewer documents than min_df
        assert isinstance(ours, str)
    else:
        assert isinstance(ours, Vectorized)
        assert_equal_to_sklearn(ours, *expected)


def outcome(root: Path, pieces: list[Any], chosen: dict[str, Any]) -> Vectorized | str:
    """What the stages wrote, or their complaint."""
    parts = [
        write_part(root / f"part_{place}", [d for d, _ in piece], [t for _, t in piece])
        for place, piece in enumerate(pieces)
    ]
    try:
        return vectorized(root, parts, **chosen)
    except QualityError as error:
        return str(error)


def same(ours: Vectorized | str, other: Vectorized | str) -> bool:
    if isinstance(ours, str) or isinstance(other, str):
        return ours == other
    return (
        ours.vocabulary.equals(other.vocabulary, check_metadata=True)
        and np.array_equal(ours.matrix.indptr, other.matrix.indptr)
        and np.array_equal(ours.matrix.indices, other.matrix.indices)
        and np.array_equal(ours.matrix.data, other.matrix.data)
    )


def test_counts_are_the_same_bytes_for_the_same_rows_in_any_order(tmp_path: Path) -> None:
    documents = [words[:40] for words in real_tokens(ROWS)[:60]]
    forth = write_part(tmp_path / "forth", documents, [True] * 60)
    back = write_part(tmp_path / "back", documents[::-1], [True] * 60)
    written = [
        vectorized(tmp_path / part.name / "out", [part], ngram_range=(1, 3))
        for part in (forth, back)
    ]
    one, other = [(w.folders["counts"][0] / "counts.parquet").read_bytes() for w in written]
    assert one == other


def test_test_rows_leave_no_trace_in_the_counts(tmp_path: Path) -> None:
    documents = [["a", "b"], ["b", "c"], ["a", "b", "z"]]
    train = [True, True, False]
    whole = write_part(tmp_path / "whole", documents, train)
    cut = write_part(tmp_path / "cut", documents[:2], train[:2])
    written = [
        vectorized(tmp_path / part.name / "out", [part], ngram_range=(1, 2), fit_on="train")
        for part in (whole, cut)
    ]
    one, other = [(w.folders["counts"][0] / "counts.parquet").read_bytes() for w in written]
    assert one == other


def test_the_counts_file_reads_as_documented(tmp_path: Path) -> None:
    part = write_part(tmp_path / "part", [["good", "film", "good", "film"], ["film"]], [True] * 2)
    ours = vectorized(tmp_path, [part], ngram_range=(1, 2))
    table = pq.read_table(ours.folders["counts"][0] / "counts.parquet")
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        ("film", None, None, 3, 2),
        ("good", None, None, 2, 1),
        (None, 0, 1, 1, 1),
        (None, 1, 0, 2, 1),
    ]
    assert table.schema.metadata == {b"documents": b"2", b"ngram_range": b"1,2"}


def test_skip_bigrams_are_counted_after_the_ngrams(tmp_path: Path) -> None:
    part = write_part(
        tmp_path / "part", [["good", "*", "film"], ["good", "old", "film"]], [True] * 2
    )
    ours = vectorized(tmp_path, [part], ngram_range=(1, 1), skip_bigrams=True)
    file = pq.ParquetFile(ours.folders["counts"][0] / "counts.parquet")
    assert file.read_row_group(0)["token"].to_pylist() == ["\\*", "film", "good", "old"]
    assert [tuple(row.values()) for row in file.read_row_group(1).to_pylist()] == [
        (None, 2, 1, 2, 2)
    ]
    assert file.schema_arrow.metadata[b"skip_bigrams"] == b"true"
    assert ours.terms == ["\\*", "film", "good", "good * film", "old"]


def test_a_star_in_a_text_and_a_gap_are_different_terms(tmp_path: Path) -> None:
    documents = [["good", "*", "film"], ["good", "old", "film"]]
    part = write_part(tmp_path / "part", documents, [True] * 2)
    three = vectorized(tmp_path / "three", [part], ngram_range=(3, 3), skip_bigrams=True)
    assert three.terms == ["good * film", "good \\* film", "good old film"]
    assert has_skip_bigrams(tmp_path / "three" / "vocabulary")
    assert (three.matrix > 0).toarray().tolist() == [[True, True, False], [True, False, True]]
    plain = vectorized(tmp_path / "plain", [part], ngram_range=(3, 3))
    assert plain.terms == ["good * film", "good old film"]
    assert not has_skip_bigrams(tmp_path / "plain" / "vocabulary")


def test_the_features_file_has_the_documented_columns(tmp_path: Path) -> None:
    part = write_part(
        tmp_path / "part", [["a", "b"], [], ["c"]], [True, True, False], labels=[1, None, 0]
    )
    ours = vectorized(tmp_path, [part], fit_on="train")
    table = pq.read_table(ours.parts[0] / "features.parquet")
    assert table.schema.types == [
        pa.int8(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.list_(pa.int32()),
        pa.list_(pa.float32()),
    ]
    assert table["label"].to_pylist() == [1, None, 0]
    assert table["split"].to_pylist() == ["train", "train", "test"]
    assert table["indices"].to_pylist() == [[0, 1], [], []]
    assert ours.vocabulary.schema.metadata == {b"documents": b"2"}


def test_split_tokens_files_with_several_row_groups_are_read_whole(tmp_path: Path) -> None:
    documents = [words[:30] for words in real_tokens(ROWS)[:50]]
    part = write_part(tmp_path / "part", documents, [True] * 50)
    one = vectorized(tmp_path / "one", [part])
    path = part / "tokens.parquet"
    pq.write_table(pq.read_table(path), path, row_group_size=7)
    assert same(vectorized(tmp_path / "many", [part]), one)
    strings = pa.table({"tokens": pa.array(documents, pa.list_(pa.string()))})
    pq.write_table(strings, path)
    assert same(vectorized(tmp_path / "strings", [part]), one)


def test_a_long_text_and_repeated_tokens(tmp_path: Path) -> None:
    documents = [["same"] * 100_000, list(itertools.chain(*real_tokens(ROWS)))[:100_000], ["one"]]
    part = write_part(tmp_path / "part", documents, [True] * 3)
    ours = vectorized(tmp_path, [part], ngram_range=(1, 2))
    oracle = sklearn_fit(documents, [True] * 3, ngram_range=(1, 2))
    assert_equal_to_sklearn(ours, *oracle)


def test_tokens_with_spaces_are_whole_terms_and_refused_in_ngrams(tmp_path: Path) -> None:
    documents = [["new york", "new"], ["york", "new york"]]
    part = write_part(tmp_path / "part", documents, [True] * 2)
    ours = vectorized(tmp_path / "one", [part])
    assert_equal_to_sklearn(ours, *sklearn_fit(documents, [True] * 2))
    with pytest.raises(ConfigError, match=r"'new york' holds a space.*token_pattern"):
        vectorized(tmp_path / "two", [part], ngram_range=(1, 2))


@pytest.mark.parametrize(
    ("documents", "train", "min_df", "message"),
    [
        ([["a"], ["b"]], [False, False], 1, "no training row"),
        ([[], []], [True, True], 1, "None of the 2 rows .* holds a token"),
        ([["a"], ["b"]], [True, True], 2, "in 2 or more of the 2 rows .* lower vectorize.min_df"),
    ],
)
def test_an_empty_vocabulary_says_why(
    tmp_path: Path, documents: list[list[str]], train: list[bool], min_df: int, message: str
) -> None:
    part = write_part(tmp_path / "part", documents, train)
    with pytest.raises(QualityError, match=message):
        vectorized(tmp_path, [part], min_df=min_df, fit_on="train")
