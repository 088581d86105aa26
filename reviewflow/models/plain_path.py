"""Predict a few texts in Python and NumPy, without compiled code.

text ─ tokens ─ words ─ n-grams ─ terms of the vocabulary ─ TF-IDF ─ layers ─▶ logits

Loading compiled code takes longer than a few texts do. The words, terms and counts are those of the
compiled path. Sums are in float64 where it has float32, so probabilities agree within 1e-6.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reviewflow.networks.activations import Activation, find_activation
from reviewflow.text.base_forms import normalize_words
from reviewflow.text.clean import clean_text, find_tokens

if TYPE_CHECKING:
    from reviewflow.config.sections import Normalize, Vectorize
    from reviewflow.models.bundle import Bundle

STAR = re.compile(r"\\*\*")  # what features.tokens.escape_words escapes
UNKNOWN = "\udc00"  # in no vocabulary, since UTF-8 has no surrogates


@dataclass(frozen=True)
class PlainModel:
    """A model as Python and NumPy take it.

    Attributes
    ----------
    terms : term → its position, V entries.
    idf : float64, shape (V,).
    weights : of each layer, float32 (units, inputs), from the input up.
    biases : of each layer, float32 (units,).
    """

    normalize: Normalize
    vectorize: Vectorize
    terms: Mapping[str, int]
    idf: NDArray[np.float64]
    weights: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]
    activation: Activation


def plain_model(bundle: Bundle) -> PlainModel:
    """Return the model of a bundle."""
    names = bundle.vocabulary["term"].to_pylist()
    # of equal terms, which tokens with spaces can make, the first one counts
    terms = {name: place for place, name in zip(range(len(names))[::-1], names[::-1], strict=True)}
    return PlainModel(
        bundle.normalize,
        bundle.vectorize,
        terms,
        bundle.idf,
        bundle.weights,
        bundle.biases,
        find_activation(bundle.activation),
    )


def plain_probabilities(texts: Sequence[str], model: PlainModel) -> NDArray[np.float32]:
    """Return those of class 1, (N,), or of each of K > 2 classes, (N, K)."""
    outputs = len(model.biases[-1])
    rows = [class_probabilities(layer_sums(*weigh_text(text, model), model)[-1]) for text in texts]
    odds = np.array(rows, np.float32).reshape(len(texts), outputs)
    return odds[:, 0] if outputs == 1 else odds


def weigh_text(text: str, model: PlainModel) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return a text's terms, ascending, and their TF-IDF values, (E,)."""
    words = find_words(text, model.normalize)
    counts = count_terms(words, model.vectorize, model.terms)
    return weigh_counts(counts, model.idf, model.vectorize)


def find_words(text: str, normalize: Normalize) -> list[str]:
    """Return the normalised tokens of a text."""
    tokens = _find_tokens(text, normalize)
    distinct = list(dict.fromkeys(tokens))
    words, counts = normalize_words(distinct, normalize)
    ends = np.cumsum(counts).tolist()
    replaced = {
        token: words[end - count : end]
        for token, end, count in zip(distinct, ends, counts.tolist(), strict=True)
    }
    return [word for token in tokens for word in replaced[token]]


def _find_tokens(text: str, normalize: Normalize) -> list[str]:
    """Return what ``clean.find_tokens`` does.

    The table of all combining marks, which takes it a tenth of a second, is needed only by texts
    that have one.
    """
    pattern = re.compile(normalize.token_pattern)
    cleaned = clean_text(text, normalize.lowercase, normalize.strip_html)
    if not cleaned.isascii() and any(unicodedata.category(x)[0] == "M" for x in set(cleaned)):
        return find_tokens(text, pattern, normalize.lowercase, normalize.strip_html)
    return [token for token in pattern.findall(cleaned) if token]


def count_terms(
    words: Sequence[str], vectorize: Vectorize, terms: Mapping[str, int]
) -> dict[int, int]:
    """Return how often each term occurs, terms ascending."""
    find = _characters if vectorize.analyzer == "char" else _ngrams
    counts = Counter(terms[each] for each in find(words, vectorize) if each in terms)
    return dict(sorted(counts.items()))


def _characters(words: Sequence[str], vectorize: Vectorize) -> Iterator[str]:
    """Yield the n-grams of the characters of the words with spaces between."""
    text = " ".join(words)
    for length in range(1, vectorize.ngram_range[1] + 1):
        for start in range(len(text) - length + 1):
            yield text[start : start + length]


def _ngrams(words: Sequence[str], vectorize: Vectorize) -> Iterator[str]:
    """Yield the n-grams of the words, and the skip-bigrams.

    Terms of several words are split at spaces, so a word that holds one is in none of them.
    """
    longest, skips = vectorize.ngram_range[1], vectorize.skip_bigrams
    if longest > 1 or skips:
        words = [UNKNOWN if " " in word else word for word in words]
    if skips:
        words = ["\\" + word if STAR.fullmatch(word) else word for word in words]
    for length in range(1, longest + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])
    if skips:
        for first, last in zip(words, words[2:], strict=False):
            yield f"{first} * {last}"


def weigh_counts(
    counts: Mapping[int, int], idf: NDArray[np.float64], vectorize: Vectorize
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return terms and TF-IDF values, scaled to norm 1, shape (E,)."""
    indices = np.array(list(counts), np.int64)
    numbers = [1 if vectorize.binary else count for count in counts.values()]
    if vectorize.sublinear_tf:
        frequencies = np.array([1 + math.log(number) for number in numbers], np.float64)
    else:
        frequencies = np.array(numbers, np.float64)
    weights = frequencies * idf[indices]
    total = math.fsum(weights if vectorize.norm == "l1" else weights * weights)
    norm = total if vectorize.norm == "l1" else math.sqrt(total)
    return indices, np.minimum(weights / norm, 1).astype(np.float32)


def layer_sums(
    indices: NDArray[np.int64], values: NDArray[np.float32], model: PlainModel
) -> list[NDArray[np.float64]]:
    """Return each layer's sums before its activation, float64 (units,).

    The last ones are the logits: one of two classes, otherwise one a class.
    """
    first = model.weights[0][:, indices].astype(np.float64)
    sums = [(first * values).sum(axis=1) + model.biases[0]]
    for weights, biases in zip(model.weights[1:], model.biases[1:], strict=True):
        outputs = model.activation.forward(sums[-1])
        sums.append((weights * outputs).sum(axis=1) + biases)
    return sums


def class_probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sigmoid of one logit, or the softmax of several."""
    if len(logits) == 1:
        with np.errstate(over="ignore"):  # exp(-z) is infinite where the sigmoid is 0
            return np.asarray(1 / (1 + np.exp(-logits)))
    odds = np.exp(logits - logits.max())
    return np.asarray(odds / odds.sum())
