"""Attribute a network's answers to words: gradient × input, in NumPy.

    x ─ layer 1 ─ activation ─ … ─▶ log-odds       attribution of term t: x_t · ∂log-odds/∂x_t
    x_t · (∂log-odds/∂z₁ · w₁ₜ) ◀─ … ◀─ 1

The report calls a term's attribution its pull. It is the change of a row's log-odds, to first
order, if the term was struck out. While no ReLU unit switches, that is exact.
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
from reviewflow.features.dataset import Part
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
    log_odds : float32, shape (N,), the network's answers.
    rows : int64, shape (N,), the rows' positions in the part.
    indptr : int64, shape (N + 1,).
    indices : int32, shape (E,), the terms.
    values : float32, shape (E,), their attributions.
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

    log_odds, values = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
    indices = [np.zeros(0, np.int32)]
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
                values.append(part.values[entry] * (weights.first[terms] @ gradient))
    ends = np.concatenate([[0], np.cumsum(np.diff(part.indptr)[rows])]).astype(np.int64)
    return Attributions(
        np.concatenate(log_odds), rows, ends, np.concatenate(indices), np.concatenate(values)
    )


def _answers_and_gradients(
    weights: Weights, part: Part, entries: list[slice]
) -> tuple[Matrix, Matrix]:
    """Return the log-odds of some rows, and their gradient by the first sums.

    The gradient has the shape (N, H1).
    """
    sums = [part.values[entry] @ weights.first[part.indices[entry]] for entry in entries]
    activation, Z = weights.activation, np.stack(sums) + weights.biases[0]
    if not weights.others:  # a linear model: its sums are its answers
        return Z[:, 0], np.ones_like(Z)
    A: Matrix = activation.forward(Z)
    values = [activation.backward_input(Z, A)]
    for layer, bias in zip(weights.others[:-1], weights.biases[1:-1], strict=True):
        Z = A @ layer.T + bias
        A = activation.forward(Z)
        values.append(activation.backward_input(Z, A))
    answers = A @ weights.others[-1][0] + weights.biases[-1]
    gradient = np.ones((len(entries), 1), np.float32)
    for layer, value in zip(reversed(weights.others), reversed(values), strict=True):
        slopes: Matrix = activation.slopes(value)
        gradient = (gradient @ layer) * slopes
    return answers, gradient
