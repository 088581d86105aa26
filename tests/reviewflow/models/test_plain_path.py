"""The plain path beside the compiled one, step by step."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reviewflow import load_model
from reviewflow.config.sections import Normalize, Vectorize
from reviewflow.features.tfidf import build_trie, weight_terms
from reviewflow.features.tokens import flat_tokens
from reviewflow.models.bundle import Bundle
from reviewflow.models.plain_path import (
    PlainModel,
    find_words,
    plain_model,
    plain_probabilities,
    weigh_text,
)
from reviewflow.models.predictor import weighting_of
from reviewflow.networks.activations import ACTIVATIONS, find_activation
from reviewflow.networks.compiled_sgd import Layers
from reviewflow.networks.forward import predict_blocks
from reviewflow.text.normalize import normalize_texts
from tests.conftest import PlannedRun, Reviews

WITH_SPACES = r"\w+ \w+|\w+|\*|\\"
NORMALIZE: tuple[dict[str, Any], ...] = (
    {"reduce": "lemma"},
    {"reduce": "stem", "lowercase": False, "strip_html": False},
    {"reduce": "none", "numbers": "words", "contractions": "split"},
    {"reduce": "none", "numbers": "drop", "stop_words": "english", "keep_negations": True},
    {"reduce": "stem", "stop_words": ("the", "a"), "keep_negations": False},
    {"reduce": "stem", "language": "german", "stop_words": "german"},
    {"reduce": "none", "language": "other", "token_pattern": r"\w+|[^\w\s]+"},
    {"reduce": "none", "token_pattern": r"(?u)\b(\w)\w+\b"},
    {"reduce": "none", "token_pattern": WITH_SPACES},
)
VECTORIZE: tuple[dict[str, Any], ...] = (
    {"ngram_range": (1, 1), "sublinear_tf": True, "norm": "l2"},
    {"ngram_range": (1, 3), "sublinear_tf": False, "norm": "l1"},
    {"ngram_range": (2, 2), "binary": True},
    {"ngram_range": (1, 1), "skip_bigrams": True},
    {"ngram_range": (1, 2), "skip_bigrams": True, "sublinear_tf": False},
    {"analyzer": "char", "ngram_range": (1, 3), "sublinear_tf": False},
    {"analyzer": "char", "ngram_range": (1, 1)},
)
PIECES = (
    *(
        "The",
        "movies",
        "weren't",
        "GOOD",
        "good",
        "film",
        "<br />",
        "&amp;",
        "*",
        "\\",
        "\\*",
        "21",
    ),
    *("I\u2019m", "İzmir", "cafe\u0301", "हिन्दी", "ΣΑΣ", "Straße", "\u212a", "１９"),
)
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=25).map(" ".join)


@pytest.mark.parametrize("chosen", NORMALIZE)
@settings(max_examples=20)
@given(text=TEXTS)
@example("")
def test_words_are_those_of_the_compiled_path(chosen: dict[str, Any], text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    normalize = Normalize(**chosen)
    assert find_words(text, normalize) == _compiled_words(text, normalize)


@pytest.mark.parametrize("chosen", NORMALIZE)
def test_words_of_real_reviews(chosen: dict[str, Any], reviews: Reviews) -> None:
    normalize = Normalize(**chosen)
    for text, _ in reviews[:15]:
        assert find_words(text, normalize) == _compiled_words(text, normalize)


@pytest.mark.parametrize("pattern", [r"\w+", r"[^\w\s]+|\w+", WITH_SPACES])
@pytest.mark.parametrize("chosen", VECTORIZE)
@settings(max_examples=10)
@given(known=TEXTS, text=TEXTS, seed=st.integers(0, 99))
def test_values_are_those_of_the_compiled_path(
    pattern: str, chosen: dict[str, Any], known: str, text: str, seed: int
) -> None:
    normalize = Normalize(reduce="none", token_pattern=pattern)
    vectorize = Vectorize(**chosen)
    terms = sorted(_every_term(_valid(f"{known} {text[: len(text) // 2]}"), normalize, vectorize))
    idf = 1 + np.random.default_rng(seed).random(len(terms))
    model = PlainModel(
        normalize,
        vectorize,
        {term: place for place, term in reversed(list(enumerate(terms)))},
        idf,
        (),
        (),
        find_activation("tanh"),
    )
    indices, values = weigh_text(_valid(text), model)
    _, expected_indices, expected = _compiled_values(_valid(text), model, terms)
    assert indices.tolist() == expected_indices.tolist()
    assert values == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("hidden", [(), (6,), (5, 4)])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_layers_give_the_probabilities_of_the_compiled_ones(
    hidden: tuple[int, ...], outputs: int, activation: str
) -> None:
    rng = np.random.default_rng(3)
    sizes = (40, *hidden, outputs)
    weights = [
        rng.normal(size=(units, inputs), scale=2).astype(np.float32)
        for inputs, units in pairwise(sizes)
    ]
    biases = [rng.normal(size=units).astype(np.float32) for units in sizes[1:]]
    names = [f"w{number:02}" for number in range(40)]
    model = PlainModel(
        Normalize(reduce="none"),
        Vectorize(ngram_range=(1, 1)),
        {name: place for place, name in enumerate(names)},
        np.ones(40),
        tuple(weights),
        tuple(biases),
        find_activation(activation),
    )
    texts = ["", *(" ".join(rng.choice(names, 12)) for _ in range(20))]
    layers = Layers(tuple(np.ascontiguousarray(each.T) for each in weights), tuple(biases))
    rows = [weigh_text(text, model) for text in texts]
    indptr = np.cumsum([0, *(len(indices) for indices, _ in rows)])
    indices = np.concatenate([each for each, _ in rows]).astype(np.int32)
    values = np.concatenate([each for _, each in rows])
    expected = np.concatenate(list(predict_blocks(layers, activation, indptr, indices, values)))
    found = plain_probabilities(texts, model)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("run", ["published_run", "three_classes"])
def test_real_reviews_have_the_same_probabilities(
    run: str, request: pytest.FixtureRequest, reviews: Reviews
) -> None:
    planned: PlannedRun = request.getfixturevalue(run)
    model = load_model(planned.folder("publish"))
    texts = [text for text, _ in reviews[:150]]
    compiled = model.probabilities(pa.array(texts, pa.large_string()))
    assert plain_probabilities(texts, model.plain) == pytest.approx(compiled, abs=1e-6)


def test_of_equal_terms_the_first_one_counts(model: Any) -> None:
    bundle: Bundle = model.bundle
    table = pa.table({"term": ["a b", "a b", "c"], "idf": [1.0, 2.0, 3.0]})
    assert plain_model(replace(bundle, vocabulary=table)).terms == {"a b": 0, "c": 2}


def test_no_texts(model: Any, three_classes: PlannedRun) -> None:
    assert model.predict([]).tolist() == []
    assert model.predict_proba([]).shape == (0, 2)
    assert load_model(three_classes.folder("publish")).predict_proba([]).shape == (0, 3)


def _valid(text: str) -> str:
    return text.encode("utf-8", "ignore").decode()


def _compiled_words(text: str, normalize: Normalize) -> list[str]:
    words: list[list[str]] = normalize_texts(pa.array([text]), normalize).to_pylist()
    return words[0]


def _compiled_values(
    text: str, model: PlainModel, terms: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    settings = model.vectorize
    table = pa.table({"term": pa.array(terms, pa.string()), "idf": model.idf})
    weighting = weighting_of(settings)
    trie = build_trie(table, weighting.longest, settings.skip_bigrams, settings.analyzer)
    rows = flat_tokens(normalize_texts(pa.array([text]), model.normalize))
    return weight_terms(rows, trie, weighting)


def _every_term(text: str, normalize: Normalize, vectorize: Vectorize) -> list[str]:
    """Return the n-grams of a text as a vocabulary has them; tokens with spaces make equal ones."""
    words = _compiled_words(text, normalize)
    shortest, longest = vectorize.ngram_range
    if vectorize.analyzer == "char":
        text = " ".join(words)
        spans = {text[i : i + n] for n in range(shortest, longest + 1) for i in range(len(text))}
        return [span for span in spans if shortest <= len(span)]
    if vectorize.skip_bigrams:
        words = ["\\" + word if word.lstrip("\\") == "*" else word for word in words]
    ngrams = {
        tuple(words[i : i + n]) for n in range(shortest, longest + 1) for i in range(len(words))
    }
    terms = [" ".join(ngram) for ngram in ngrams if len(ngram) >= shortest]
    pairs = set(zip(words, words[2:], strict=False)) if vectorize.skip_bigrams else set()
    return [*terms, *(f"{first} * {last}" for first, last in pairs)]
