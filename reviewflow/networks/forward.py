"""Predict sparse rows by compiled code, each row by itself.

rows of X (CSR) ─ layers ─▶ logits ─┬─ one a row: sigmoid ─▶ P(class 1)
                                    └─ K a row:   softmax ─▶ P(class 0), P(class 1), …

Evaluation and scoring both call it, without PyTorch. A row's result depends on no other row, so a
text has the same probabilities, to the last bit, wherever it stands.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reviewflow.networks.activations import find_activation
from reviewflow.networks.compiled_layers import allocate_scratch
from reviewflow.networks.compiled_linear import LinearModel, sparse_logits
from reviewflow.networks.compiled_sgd import Layers, Rows, StepSettings, compute_outputs

ROWS_AT_ONCE = 2048  # 4 MB of outputs in a layer of 512 units


def predict_blocks(
    layers: Layers,
    activation: str,
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    values: NDArray[np.float32],
) -> Iterator[NDArray[np.float32]]:
    """Yield the probabilities of N rows, ``ROWS_AT_ONCE`` rows at a time.

    Of one logit a row they are those of class 1, shape (B,). Of K logits those of each class, shape
    (B, K). Without rows one empty array comes.

    Parameters
    ----------
    layers : weights (inputs, units) and biases of each layer, from the input up.
    activation : name of the hidden layers' activation.
    indptr, indices, values : CSR arrays over the terms, shapes (N + 1,), (E,) and (E,).
    """
    rows = _rows_without_labels(indptr, indices, values)
    for start in range(0, max(len(indptr) - 1, 1), ROWS_AT_ONCE):
        block = np.arange(start, min(start + ROWS_AT_ONCE, len(indptr) - 1))
        logits = _logits(layers, activation, rows, block)
        yield probabilities_of(logits)


def probabilities_of(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sigmoid (B,) of one logit a row, or the softmax (B, K).

    Computed in float64, so that only the last rounding is left. NaN stays.
    """
    Z = logits.astype(np.float64)
    if Z.shape[1] == 1:
        with np.errstate(over="ignore"):  # exp(-z) is infinite where the sigmoid is 0
            P: NDArray[np.float32] = (1 / (1 + np.exp(-Z[:, 0]))).astype(np.float32)
            return P
    with np.errstate(invalid="ignore"):  # infinity minus infinity is NaN, as it should be
        odds = np.exp(Z - Z.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def _logits(
    layers: Layers, activation: str, rows: Rows, block: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the logits of some rows, shape (B, 1) or (B, K)."""
    if len(layers.weights) == 1:
        (weights,), (biases,) = layers.weights, layers.biases
        logits = np.zeros((len(block), len(biases)), np.float32)
        sparse_logits(block, rows, LinearModel(weights, biases, np.ones(1)), logits)
        return logits
    hidden = find_activation(activation)
    scratch = allocate_scratch(layers, len(block), hidden)
    settings = StepSettings(hidden.code, 0.0, 0.0, 0)
    compute_outputs(block, rows, layers, settings, 0, scratch)
    outputs: NDArray[np.float32] = scratch.outputs[-1]
    return outputs


def _rows_without_labels(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], values: NDArray[np.float32]
) -> Rows:
    """Return rows of the types that training compiles its code for."""
    return Rows(
        np.array(indptr, np.int64),
        np.array(indices, np.int32),
        np.array(values, np.float32),
        np.zeros(0, np.float32),
        np.ones(2, np.float32),
        np.zeros((0, 1), np.float32),
    )
