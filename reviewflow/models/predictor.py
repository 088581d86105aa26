"""Predict the classes of texts with a published model.

texts ─ normalise ─ tokens ─ vocabulary ─ values ─ network ─▶ probabilities ─ threshold ─▶ labels

The functions are those of training, so a text has the probabilities that its training run stored.
``predict`` and ``predict_proba`` take a few texts through ``plain_path``, which loads no compiled
code and agrees within 1e-6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewflow.errors import InputError, UsageError
from reviewflow.evaluation.metrics import predicted_classes
from reviewflow.models.plain_path import PlainModel, plain_model, plain_probabilities
from reviewflow.store.compiled_code import call_compiled

if TYPE_CHECKING:
    import pyarrow as pa

    from reviewflow.config.sections import Vectorize
    from reviewflow.features.tfidf import Weighting
    from reviewflow.models.bundle import Bundle

FEW_TEXTS = 32  # so many are predicted sooner than compiled code is loaded


class Analysis(NamedTuple):
    """What a model finds in N texts.

    Attributes
    ----------
    probabilities : float32; of class 1, shape (N,), or of each of more classes, (N, K).
    tokens : int64, shape (N,), tokens of each text.
    unknown : int64, shape (N,), tokens of each text that are in none of the vocabulary's terms.
    """

    probabilities: NDArray[np.float32]
    tokens: NDArray[np.int64]
    unknown: NDArray[np.int64]


class Model:
    """A published model, with scikit-learn's way to ask it.

    Attributes
    ----------
    classes_ : label names, from class 0 up, shape (K,), read-only.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.classes_ = np.array(bundle.class_names)
        self.classes_.flags.writeable = False

    def __reduce__(self) -> tuple[type[Model], tuple[Bundle]]:
        """Pickle the bundle alone, from which the rest is made again."""
        return Model, (self.bundle,)

    @property
    def version(self) -> str:
        """The beginning of the bundle's digest."""
        return self.bundle.version

    @property
    def class_names(self) -> tuple[str, ...]:
        """Label names, from class 0 up."""
        return self.bundle.class_names

    @property
    def threshold(self) -> float:
        """Of two classes, the probability above which a text is of class 1."""
        return self.bundle.threshold

    @property
    def text_column(self) -> str:
        """Name of the column that held the texts in training."""
        return str(self.bundle.content["text_column"])

    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return the label name of each text, shape (N,).

        Raises
        ------
        UsageError
            If ``texts`` is one text, or holds something that is not a text.
        """
        odds = self._class_odds(texts)
        return np.asarray(self.classes_[predicted_classes(odds, self.threshold)])

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of each class, float64, shape (N, K).

        Raises
        ------
        UsageError
            If ``texts`` is one text, or holds something that is not a text.
        """
        odds = self._class_odds(texts).astype(np.float64)
        return odds if odds.ndim > 1 else np.stack([1 - odds, odds], axis=1)

    def _class_odds(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what :meth:`probabilities` does, for a few texts sooner."""
        checked = check_texts(texts)
        if len(checked) <= FEW_TEXTS:
            return plain_probabilities(checked, self.plain)
        import pyarrow as pa

        return self.probabilities(pa.array(checked, pa.large_string()))

    def probabilities(self, texts: pa.StringArray) -> NDArray[np.float32]:
        """Return those of class 1, shape (N,), or of each class, (N, K).

        Of two classes there is one number a text. They are the numbers that training stores.
        """
        return self.analyze(texts).probabilities

    def analyze(self, texts: pa.StringArray) -> Analysis:
        """Return probabilities and counts of tokens. Nulls count as empty.

        Machine code that is damaged is compiled again.
        """
        return call_compiled(lambda: self._analyze(texts))

    def _analyze(self, texts: pa.StringArray) -> Analysis:
        import pyarrow as pa
        from pyarrow import compute

        from reviewflow.features.tfidf import weight_terms
        from reviewflow.features.tokens import characters, flat_tokens
        from reviewflow.networks.forward import predict_blocks
        from reviewflow.text.normalize import normalize_texts

        trie, layers, weighting = self._compiled
        rows = flat_tokens(normalize_texts(texts, self.bundle.normalize))
        ends, indices, values = weight_terms(rows, trie, weighting)
        indptr = np.concatenate([np.zeros(1, np.int64), ends])
        blocks = predict_blocks(layers, self.bundle.activation, indptr, indices, values)
        if weighting.analyzer == "char":
            rows = characters(rows)
        is_unknown = pa.array(compute.is_in(rows.words, trie.tokens)).to_numpy(False) == 0
        sums = np.concatenate([[0], np.cumsum(is_unknown[rows.codes])])
        row_ends = np.cumsum(rows.lengths)
        unknown = sums[row_ends] - sums[row_ends - rows.lengths]
        return Analysis(np.concatenate(list(blocks)), rows.lengths, unknown)

    @cached_property
    def plain(self) -> PlainModel:
        """The model as Python and NumPy take it."""
        return plain_model(self.bundle)

    @cached_property
    def _compiled(self) -> Any:
        """Vocabulary, layers and settings as compiled code takes them."""
        from reviewflow.features.tfidf import build_trie
        from reviewflow.networks.compiled_layers import aligned_copy
        from reviewflow.networks.compiled_sgd import Layers

        bundle, settings = self.bundle, self.bundle.vectorize
        weighting = weighting_of(settings)
        trie = build_trie(
            bundle.vocabulary, weighting.longest, settings.skip_bigrams, settings.analyzer
        )
        layers = Layers(
            tuple(aligned_copy(weights.T) for weights in bundle.weights),
            tuple(aligned_copy(biases) for biases in bundle.biases),
        )
        return trie, layers, weighting


def weighting_of(settings: Vectorize) -> Weighting:
    """Return how tokens become values by a section ``vectorize``."""
    from reviewflow.features.tfidf import Weighting

    return Weighting(
        settings.analyzer,
        settings.ngram_range[1],
        settings.skip_bigrams,
        settings.binary,
        settings.sublinear_tf,
        settings.norm,
    )


def check_texts(texts: Iterable[str]) -> list[str]:
    """Return texts as a list.

    Parameters
    ----------
    texts : a list, a tuple, a column of pandas, an array of NumPy or of Arrow.

    Raises
    ------
    UsageError
        If ``texts`` is one text, a table or no list, or holds something that is not a text.
    InputError
        If a text is not valid Unicode.
    """
    if isinstance(texts, str):
        raise UsageError("Texts must come as a list: write predict([text]) instead.")
    values = _list_values(texts)
    for number, text in enumerate(values):
        if not isinstance(text, str):
            raise UsageError(
                f"Text {number} is {type(text).__name__} and not a text; leave out what is missing."
            )
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"Text {number} is not valid Unicode ({error}).") from None
    return values


def _list_values(texts: Any) -> list[Any]:
    """Return the values of a list or a column, and refuse what is neither."""
    is_table = hasattr(texts, "column_names") or getattr(texts, "ndim", 1) != 1
    is_column = not is_table and isinstance(texts, Iterable)
    if not is_column or isinstance(texts, Mapping | Set | bytes | bytearray):
        raise UsageError(
            f"Texts must come as a list or a column, and not as {type(texts).__name__}: pass "
            'predict([text]) or, of a table, its column, such as predict(df["text"]).'
        )
    return list(texts.to_pylist() if hasattr(texts, "to_pylist") else texts)
