"""Attribute a network's answers to words: gradient × input, in NumPy.

    x ─ layer 1 ─ activation ─ … ─▶ log-odds       attribution of term t: x_t · ∂log-odds/∂x_t
    x_t · (∂log-odds/∂z₁ · w₁ₜ) ◀─ … ◀─ 1

The report calls a term's attribution its pull. It is what the term adds to a row's log-odds, to
first order and with the other weights held. While no ReLU unit switches, that is exact.

Of more than two classes each has log-odds of its own, those of the class against all others:
ln(p / (1 − p)) = z − ln Σ exp(other logits).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from reviewflow.context import Context
from reviewflow.features.feature_parts import Part
from reviewflow.networks.activations import Activation, find_activation

ROWS_AT_ONCE = 256

Matrix = NDArray[np.float32]  # or a vector


@dataclass(frozen=True)
class Weights:
    """A trained network as plain arrays.

    Attributes
    ----------
    first : float32, shape (V, H1), the first layer's weights, a row a term.
    others : float32, shape (units, inputs) each: the layers above.
    biases : float32, shape (units,) each.
    activation : of the hidden layers.
    """

    first: Matrix
    others: tuple[Matrix, ...]
    biases: tuple[Matrix, ...]
    activation: Activation


@dataclass(frozen=True)
class Attributions:
    """The attributions of N rows, in CSR form over the features' own entries.

    Attributes
    ----------
    log_odds : float32, shape (N,), of class 1 of two; shape (N, K), of each of K > 2 classes.
    rows : int64, shape (N,), the rows' positions in the part.
    indptr : int64, shape (N + 1,).
    indices : int32, shape (E,), the terms.
    values : float32, shape (E,) or (E, K), their attributions.
    """

    log_odds: Matrix
    rows: NDArray[np.int64]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: Matrix


def read_weights(folder: Path) -> Weights:
    """Return the weights of a train artifact, without PyTorch."""
    described: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    tensors = load_file(folder / "model.safetensors")
    layers = range(len(described["hidden"]) + 1)
    weights = [tensors[f"layers.{number}.weight"] for number in layers]
    return Weights(
        np.ascontiguousarray(weights[0].T),
        tuple(weights[1:]),
        tuple(tensors[f"layers.{number}.bias"] for number in layers),
        find_activation(described["activation"]),
    )


def attribute_rows(
    weights: Weights, part: Part, rows: NDArray[np.int64], context: Context
) -> Attributions:
    """Return the attributions of every term in some rows of a part."""
    from threadpoolctl import threadpool_limits

    logits = len(weights.biases[-1])
    none = np.zeros(0 if logits == 1 else (0, logits), np.float32)
    log_odds, values, indices = [none], [none], [np.zeros(0, np.int32)]
    with threadpool_limits(1, "blas"):  # sums shared by threads would differ every time
        for start in range(0, len(rows), ROWS_AT_ONCE):
            context.check_stop()
            some = rows[start : start + ROWS_AT_ONCE]
            entries = [slice(*part.indptr[row : row + 2]) for row in some]
            answers, gradients = _answers_and_gradients(weights, part, entries)
            log_odds.append(answers)
            for entry, gradient in zip(entries, gradients, strict=True):
                terms = part.indices[entry]
                indices.append(terms)
                values.append((part.values[entry] * (weights.first[terms] @ gradient.T).T).T)
    ends = np.concatenate([[0], np.cumsum(np.diff(part.indptr)[rows])]).astype(np.int64)
    return Attributions(
        np.concatenate(log_odds), rows, ends, np.concatenate(indices), np.concatenate(values)
    )


def _answers_and_gradients(
    weights: Weights, part: Part, entries: list[slice]
) -> tuple[Matrix, Matrix]:
    """Return the log-odds of some rows, and their gradient by the first sums.

    The gradient has the shape (N, H1), or (N, K, H1) of K > 2 classes.
    """
    sums = [part.values[entry] @ weights.first[part.indices[entry]] for entry in entries]
    activation, Z = weights.activation, np.stack(sums) + weights.biases[0]
    if not weights.others and Z.shape[1] == 1:  # a linear model: its sums are its answers
        return Z[:, 0], np.ones_like(Z)
    if not weights.others:
        return _against_all_others(Z, np.broadcast_to(np.eye(Z.shape[1]), (*Z.shape, Z.shape[1])))
    A: Matrix = activation.forward(Z)
    values = [activation.backward_input(Z, A)]
    for layer, bias in zip(weights.others[:-1], weights.biases[1:-1], strict=True):
        Z = A @ layer.T + bias
        A = activation.forward(Z)
        values.append(activation.backward_input(Z, A))
    slopes: list[Matrix] = [activation.slopes(value) for value in values]
    last = weights.others[-1]
    gradients = [_gradient(weights, slopes, last[k : k + 1]) for k in range(len(last))]
    if len(last) == 1:
        return A @ last[0] + weights.biases[-1], gradients[0]
    return _against_all_others(A @ last.T + weights.biases[-1], np.stack(gradients, axis=1))


def _gradient(weights: Weights, slopes: list[Matrix], last: Matrix) -> Matrix:
    """Return the gradient of one logit by the first sums, shape (N, H1).

    Parameters
    ----------
    slopes : of each hidden layer's units, shape (N, units).
    last : the logit's weights, shape (1, units).
    """
    gradient = np.ones((len(slopes[0]), 1), np.float32)
    layers = (*weights.others[:-1], last)
    for layer, slope in zip(reversed(layers), reversed(slopes), strict=True):
        gradient = (gradient @ layer) * slope
    return gradient


def _against_all_others(logits: Matrix, gradients: Matrix) -> tuple[Matrix, Matrix]:
    """Return the log-odds of each class and their gradients.

    Parameters
    ----------
    logits : shape (N, K).
    gradients : of the logits, shape (N, K, H1).
    """
    classes = logits.shape[1]
    others = np.where(np.eye(classes, dtype=bool), -np.inf, logits[:, None, :])  # (N, K, K)
    highest = others.max(axis=2, keepdims=True)
    shares = np.exp(others - highest)
    totals = shares.sum(axis=2, keepdims=True)
    log_odds = logits - (highest + np.log(totals))[:, :, 0]
    differences = np.eye(classes) - shares / totals
    return log_odds.astype(np.float32), (differences @ gradients).astype(np.float32)
