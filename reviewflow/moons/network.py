"""Train a neural network for two classes in plain NumPy.

    forward    X ─ Linear ─ ReLU ─ Linear ─ Sigmoid ─▶ P
    backward  dX ◀ Linear ◀ ReLU ◀ Linear ◀── P − y

Letters: B rows in a batch, D inputs and H units of a layer. ``dA`` is always the derivative of the
loss by A and has A's shape. All arrays are float64, or float32 if the data and the weights are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.moons.epoch_batches import epoch_batches, keep_freed_memory
from reviewflow.moons.initial_weights import initial_weights
from reviewflow.moons.network_checks import check_data, check_fit, check_rows, check_settings
from reviewflow.moons.recorded_losses import History, Recorder
from reviewflow.networks.activations import find_activation

Array = NDArray[np.floating[Any]]


class Layer:
    """Base of all layers. One with nothing to learn leaves ``step`` as it is."""

    def forward(self, X: Array) -> Array:
        """Return the output for the rows X, remembered for ``backward``."""
        raise NotImplementedError

    def backward(self, dA: Array) -> Array:
        """Return the loss's derivative by the input, from that by the output."""
        raise NotImplementedError

    def step(self, learning_rate: float) -> None:
        """Move the weights against their gradient."""


class Linear(Layer):
    """Z = X W + b.

    W and dW have the shape (D, H), b and db the shape (H,). :func:`initial_weights` says what
    ``init`` may be. ``seed`` may be a generator. Hand the same one to all layers of a network.
    """

    def __init__(
        self, inputs: int, units: int, init: str | float = "default",
        seed: int | np.random.Generator = 0,
    ) -> None:  # fmt: skip
        self.inputs, self.units = inputs, units
        self.W, self.b = initial_weights(inputs, units, init, np.random.default_rng(seed))
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)

    def forward(self, X: Array) -> Array:
        """Return the weighted inputs of every unit, (B, D) → (B, H)."""
        self.X = X
        Z: Array = X @ self.W
        Z += self.b
        return Z

    def backward(self, dZ: Array) -> Array:
        """Return dX = dZ Wᵀ, (B, H) → (B, D), and keep dW = Xᵀ dZ, db = Σ dZ."""
        self.dW = self.X.T @ dZ
        self.db = dZ.sum(axis=0)
        dX: Array = np.dot(dZ, self.W.T)  # the same as @, and four times as fast where H is 1
        return dX

    def step(self, learning_rate: float) -> None:
        """Update the weights: W ← W − rate · dW, b ← b − rate · db."""
        self.W = self.W - learning_rate * self.dW
        self.b = self.b - learning_rate * self.db


class ActivationLayer(Layer):
    """A = f(Z), number by number.

    :mod:`reviewflow.networks.activations` has f and its derivative f'.
    """

    def __init__(self, name: str) -> None:
        self.function = find_activation(name)

    def forward(self, Z: Array) -> Array:
        """Return A = f(Z), (B, H) → (B, H)."""
        A = self.function.forward(Z)
        self.kept = self.function.backward_input(Z, A)
        return A

    def backward(self, dA: Array) -> Array:
        """Return dZ = dA · f'(Z), (B, H) → (B, H)."""
        return self.function.backward(dA, self.kept)


class Sequential(Layer):
    """Layers one after another.

    It is a classifier if the last is a sigmoid of one unit. ``body`` is then all but that sigmoid.
    The body's output Z is the logit, and P = sigmoid(Z).
    """

    def __init__(self, *layers: Layer) -> None:
        self.layers = layers
        self.linear = [layer for layer in layers if isinstance(layer, Linear)]
        last = layers[-1] if layers else None
        ends_well = isinstance(last, ActivationLayer) and last.function.name == "sigmoid"
        self.body = Sequential(*layers[:-1]) if ends_well else self
        check_fit(self.linear)

    def forward(self, X: Array) -> Array:
        """Return the last layer's output, (B, D) → (B, H)."""
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, dA: Array) -> Array:
        """Return the loss's derivative by the input, (B, H) → (B, D)."""
        for layer in reversed(self.layers):
            dA = layer.backward(dA)
        return dA

    def step(self, learning_rate: float) -> None:
        """Update the weights of every layer."""
        for layer in self.layers:
            layer.step(learning_rate)

    def gradients(self, X: Array, y: Array) -> float:
        """Fill ``dW`` and ``db`` of every layer, and return the loss.

        y has the shape (B, 1). Cross-entropy's derivative by P times the sigmoid's by Z is simply
        (P − y) / B. Written so, nothing is divided by P (1 − P), which may be 0.
        """
        Z = self.body.forward(X)
        P = self.layers[-1].forward(Z)
        self.body.backward((P - y) / len(y))
        return cross_entropy(Z, y)

    def train(
        self, X: Array, y: NDArray[Any], epochs: int, learning_rate: float,
        batch_size: int | None = None, shuffle: np.random.Generator | None = None,
        after_epoch: Callable[[int, float], None] | None = None,
    ) -> History:  # fmt: skip
        """Train by stochastic gradient descent, and return the losses.

        X has the shape (N, D), y (N,) or (N, 1), zeros and ones. ``batch_size`` None takes all rows
        a step (full batch), 1 takes one (online). ``shuffle`` draws a new order of the rows every
        epoch. ``after_epoch`` is called with the epoch's number, from 1, and its loss. What it
        raises ends the training. Bad settings raise ConfigError, bad rows InputError.
        """
        X, targets = check_data(self, X, y)
        size = check_settings(epochs, learning_rate, batch_size, len(X))
        keep_freed_memory()
        recorder = Recorder(after_epoch)
        for _ in range(epochs):
            for X_batch, y_batch in epoch_batches(X, targets, size, shuffle):
                loss = self.gradients(X_batch, y_batch)
                self.step(learning_rate)
                recorder.add_step(loss, len(X_batch))
            recorder.end_epoch()
        return recorder.history()

    def loss(self, X: Array, y: NDArray[Any]) -> float:
        """Return the mean cross-entropy of all rows."""
        X, targets = check_data(self, X, y)
        return cross_entropy(self.body.forward(X), targets)

    def probabilities(self, X: Array) -> Array:
        """Return P(class 1) of each row, shape (B,)."""
        return self.forward(check_rows(self, X))[:, 0]

    def predict(self, X: Array) -> NDArray[np.int64]:
        """Return the likelier class of each row, 0 or 1, int64, shape (B,)."""
        return (self.probabilities(X) >= 0.5).astype(np.int64)


def cross_entropy(Z: Array, y: Array) -> float:
    """Return the mean of −y ln P − (1 − y) ln (1 − P), where P = sigmoid(Z).

    It equals ln(1 + exp(±Z)), minus where y = 1, which is exact even where P is rounded to 0 or 1.
    """
    return float(np.logaddexp(0, (1 - 2 * y) * Z).sum()) / len(y)
