"""Compile SGD steps of a linear model on sparse rows.

    batch of X ─▶ logits = scale · X @ weights + biases ─▶ loss
    weights (touched terms) ◀─ rate / scale · X.T @ D ◀─ D = derivative by the logits

A step reads and writes only the weights of terms that occur in its batch, however large the
vocabulary is. Weight decay would touch them all. So it shrinks one number instead, the ``scale`` of
all weights (Bottou 2012, "Stochastic Gradient Descent Tricks", section 5.1).

Letters: N rows of data, V terms, B rows of a batch, U logits: one for two classes, otherwise one a
class. Numbers are float32, the loss float64. Every sum has a fixed order, so equal input gives
equal bytes. ``data`` is a ``Rows`` of ``compiled_sgd``. The file imports nothing of the project,
since Numba's cache of compiled code looks at this file alone.
"""

# mypy: disable-error-code="untyped-decorator, no-any-return"
# (numba has no types of its own)

from math import exp, log, log1p
from typing import Any, NamedTuple

import numpy as np
from numba import njit

# What the compiler may do to sums (reorder, fuse) to use vectors. NaN and infinity stay.
FAST = ("reassoc", "contract", "nsz")
ZERO = np.float32(0)
SMALLEST_SCALE = 1e-3  # below it the weights take the scale over, before digits are lost


class LinearModel(NamedTuple):
    """A linear model in training.

    Attributes
    ----------
    weights : float32, shape (V, U); the weights are ``scale`` times these.
    biases : float32, shape (U,).
    scale : float64, shape (1,).
    """

    weights: Any
    biases: Any
    scale: Any


@njit(cache=True, nogil=True, fastmath=set(FAST))
def sparse_logits(batch: Any, data: Any, model: LinearModel, logits: Any) -> None:
    """Compute logits = X[batch] @ weights + biases, shape (B, U)."""
    weights, factors, scale = model.weights, data.factors, np.float32(model.scale[0])
    only = weights.reshape(-1)
    for b in range(len(batch)):
        first, end = data.indptr[batch[b]], data.indptr[batch[b] + 1]
        z, total = logits[b], ZERO
        if len(z) == 1:
            for k in range(first, end):
                total += data.values[k] * only[np.uint32(data.indices[k])]
            z[0] = total
        else:
            z[:] = ZERO
            for k in range(first, end):
                x, term = data.values[k], np.uint32(data.indices[k])
                for u in range(len(z)):
                    factor = factors[term, u] * x if len(factors) else x
                    z[u] += factor * weights[term, u]
        for u in range(len(z)):
            z[u] = scale * z[u] + model.biases[u]


@njit(cache=True, nogil=True)
def logit_deltas(batch: Any, labels: Any, class_weights: Any, logits: Any, D: Any) -> float:
    """Return the batch's mean cross-entropy, and write its derivative to D.

    D = weight × (probability − label) / B is the derivative by the logits. With one logit z the
    loss is log(1 + eᶻ) − y z, with one a class log Σ eᶻ − z of the label, both written so that no
    z is too large. Each row's loss is multiplied by the weight of its class.
    """
    loss = 0.0
    for b in range(len(batch)):
        label, weight = int(labels[batch[b]]), float(class_weights[int(labels[batch[b]])])
        if logits.shape[1] == 1:
            z = float(logits[b, 0])
            loss += weight * (max(z, 0.0) - label * z + log1p(exp(-abs(z))))
            D[b, 0] = weight * ((1.0 / (1.0 + exp(-z)) - label) / len(batch))
        else:
            top, total = float(logits[b].max()), 0.0
            for u in range(logits.shape[1]):
                total += exp(float(logits[b, u]) - top)
            loss += weight * (top + log(total) - float(logits[b, label]))
            for u in range(logits.shape[1]):
                share = exp(float(logits[b, u]) - top) / total
                D[b, u] = weight * ((share - (u == label)) / len(batch))
    return loss / len(batch)


@njit(cache=True, nogil=True, fastmath=set(FAST))
def subtract_gradient(
    batch: Any,
    data: Any,
    D: Any,
    weights: Any,
    biases: Any,
    rate: Any,
    scale: float,
    bias_rate: Any,
) -> None:
    """Compute weights −= rate / scale × X[batch].T @ D.

    Likewise biases −= bias_rate × Σ D.
    """
    only, factors, step = weights.reshape(-1), data.factors, np.float32(rate / scale)
    for b in range(len(batch)):
        first, end = data.indptr[batch[b]], data.indptr[batch[b] + 1]
        if D.shape[1] == 1:
            change = step * D[b, 0]
            for k in range(first, end):
                only[np.uint32(data.indices[k])] -= change * data.values[k]
        else:
            for k in range(first, end):
                x, term = step * data.values[k], np.uint32(data.indices[k])
                for u in range(D.shape[1]):
                    factor = factors[term, u] * x if len(factors) else x
                    weights[term, u] -= factor * D[b, u]
    for u in range(D.shape[1]):
        total = ZERO
        for b in range(len(batch)):
            total += D[b, u]
        biases[u] -= bias_rate * total


@njit(cache=True, nogil=True)
def absorb_scale(model: LinearModel) -> None:
    """Multiply the weights by their scale, which becomes 1."""
    if model.scale[0] != 1.0:
        for term in range(len(model.weights)):
            for u in range(model.weights.shape[1]):
                model.weights[term, u] *= np.float32(model.scale[0])
        model.scale[0] = 1.0


@njit(cache=True, nogil=True)
def collect_gradient(batch: Any, data: Any, model: LinearModel, weights: Any, biases: Any) -> float:
    """Add the gradient of the mean loss, and return the loss."""
    logits = np.empty((len(batch), len(biases)), np.float32)
    D = np.empty_like(logits)
    sparse_logits(batch, data, model, logits)
    loss = logit_deltas(batch, data.labels, data.class_weights, logits, D)
    subtract_gradient(batch, data, D, weights, biases, np.float32(-1), 1.0, np.float32(-1))
    return loss


@njit(cache=True, nogil=True)
def run_linear_steps(
    order: Any,
    batch_size: int,
    data: Any,
    model: LinearModel,
    rates: Any,
    bias_rates: Any,
    decay: float,
) -> Any:
    """Train ``model`` on the rows ``order`` (int64) in batches.

    Parameters
    ----------
    rates, bias_rates : float32, one a step, of the weights and of the biases.
    decay : λ of the penalty λ/2 × Σ weights².

    Returns each step's loss.
    """
    losses = np.empty((len(order) + batch_size - 1) // batch_size, np.float64)
    logits = np.empty((batch_size, len(model.biases)), np.float32)
    D = np.empty_like(logits)
    for s in range(len(losses)):
        batch = order[s * batch_size : (s + 1) * batch_size]
        sparse_logits(batch, data, model, logits)
        losses[s] = logit_deltas(
            batch, data.labels, data.class_weights, logits[: len(batch)], D[: len(batch)]
        )
        model.scale[0] *= 1.0 - rates[s] * decay
        if model.scale[0] < SMALLEST_SCALE:
            absorb_scale(model)
        subtract_gradient(
            batch,
            data,
            D[: len(batch)],
            model.weights,
            model.biases,
            rates[s],
            model.scale[0],
            bias_rates[s],
        )
    return losses
