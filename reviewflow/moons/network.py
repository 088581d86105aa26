"""Train a neural network for two classes in plain NumPy.

    forward    X ─ Linear ─ ReLU ─ Linear ─ Sigmoid ─▶ P
    backward  dX ◀ Linear ◀ ReLU ◀ Linear ◀── P − y

It is small enough to read in one go. Letters: B rows in a batch, D inputs and H units of a layer.
``dA`` is always the derivative of the loss by A and has A's shape. All arrays are float64, or
float32 if the data and the weights are.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewflow.errors import ConfigError
from reviewflow.moons.network_checks import check_rows, check_settings, check_targets
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

    Parameters
    ----------
    inputs, units : D and H.
    init : where the weights start; the biases start at 0, except in ``default``.
        ``default`` as PyTorch's nn.Linear: weights and biases uniform within ±1/√D;
        ``zeros``; ``xavier`` (Glorot and Bengio 2010): uniform within ±√(6 / (D + H));
        ``he`` (He et al. 2015): normal with deviation √(2 / D);
        a number: normal with that deviation.
    seed : a seed, or a generator to draw from; hand the same generator to all layers of a network.

    Attributes
    ----------
    W, dW : shape (D, H).
    b, db : shape (H,).
    """

    def __init__(
        self,
        inputs: int,
        units: int,
        init: str | float = "default",
        seed: int | np.random.Generator = 0,
    ) -> None:
        if inputs < 1 or units < 1:
            raise ConfigError(
                f"Linear({inputs}, {units}): a layer needs at least one input and one unit."
            )
        self.inputs, self.units = inputs, units
        self.W, self.b = initial_weights(inputs, units, init, np.random.default_rng(seed))
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)

    def forward(self, X: Array) -> Array:
        """Return the weighted inputs of every unit, (B, D) → (B, H)."""
        self.X = X
        Z: Array = X @ self.W
        Z += self.b  # in place: Z is new here, and at 2,000 rows another copy would cost time
        return Z

    def backward(self, dZ: Array) -> Array:
        """Return dX, (B, H) → (B, D).

        dW = Xᵀ dZ, db = Σ dZ over the rows, dX = dZ Wᵀ.
        """
        self.dW = self.X.T @ dZ
        self.db = dZ.sum(axis=0)
        dX: Array = np.dot(dZ, self.W.T)  # the same as @, and four times as fast where H is 1
        return dX

    def step(self, learning_rate: float) -> None:
        """Update the weights: W ← W − rate · dW, b ← b − rate · db."""
        self.W = self.W - learning_rate * self.dW
        self.b = self.b - learning_rate * self.db


class ActivationLayer(Layer):
    """A = f(Z), number by number, and dZ = dA · f'(Z).

    Parameters
    ----------
    name : an entry of :mod:`reviewflow.networks.activations`, where f and its derivative are.
    """

    def __init__(self, name: str) -> None:
        self.function = find_activation(name)

    def forward(self, Z: Array) -> Array:
        """Return A, (B, H) → (B, H)."""
        A = self.function.forward(Z)
        self.backward_input = self.function.backward_input(Z, A)
        return A

    def backward(self, dA: Array) -> Array:
        """Return dZ, (B, H) → (B, H)."""
        return self.function.backward(dA, self.backward_input)


class ReLU(ActivationLayer):
    """A = max(0, Z), and dZ = dA where Z > 0, otherwise 0."""

    def __init__(self) -> None:
        super().__init__("relu")


class LeakyReLU(ActivationLayer):
    """A = Z where Z > 0, otherwise 0.01 Z, and dZ = dA or 0.01 dA."""

    def __init__(self) -> None:
        super().__init__("leaky_relu")


class Tanh(ActivationLayer):
    """A = tanh Z, and dZ = dA (1 − A²)."""

    def __init__(self) -> None:
        super().__init__("tanh")


class Sigmoid(ActivationLayer):
    """A = 1 / (1 + exp(−Z)), and dZ = dA · A (1 − A)."""

    def __init__(self) -> None:
        super().__init__("sigmoid")


class GELU(ActivationLayer):
    """A = Z Φ(Z), the normal distribution, and dZ = dA (Φ(Z) + Z φ(Z))."""

    def __init__(self) -> None:
        super().__init__("gelu")


class SiLU(ActivationLayer):
    """A = Z S(Z), S the sigmoid, and dZ = dA · S (1 + Z (1 − S))."""

    def __init__(self) -> None:
        super().__init__("silu")


class History(NamedTuple):
    """The losses of a training, each taken before the step that it led to.

    Attributes
    ----------
    steps : float64, shape (steps,), mean over the rows of each batch.
    epochs : float64, shape (epochs,), mean over all rows of each epoch.
    """

    steps: NDArray[np.float64]
    epochs: NDArray[np.float64]


class Sequential(Layer):
    """Layers one after another, a classifier if the last is a ``Sigmoid``.

    The layer before that sigmoid has one unit.

    >>> network = Sequential(Linear(2, 64, seed=0), ReLU(), Linear(64, 1, seed=1), Sigmoid())
    >>> X, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])
    >>> history = network.train(X, y, epochs=50, learning_rate=0.5)
    >>> network.predict(X)
    array([0, 1])

    Raises
    ------
    ConfigError
        If a ``Linear`` does not take as many inputs as the one before it has units.
    """

    def __init__(self, *layers: Layer) -> None:
        linear = [layer for layer in layers if isinstance(layer, Linear)]
        for first, second in pairwise(linear):
            if first.units != second.inputs:
                raise ConfigError(
                    f"Linear({first.inputs}, {first.units}) is followed by "
                    f"Linear({second.inputs}, {second.units}); a layer must take as many inputs "
                    "as the layer before it has units."
                )
        self.layers = layers
        self.linear = linear

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

    def loss(self, X: Array, y: NDArray[Any]) -> float:
        """Return the mean binary cross-entropy −y ln P − (1 − y) ln (1 − P).

        The targets y have the shape (B,) or (B, 1). With the logit Z, P = sigmoid(Z), the loss
        equals ln(1 + exp(±Z)), minus where y = 1. So it is exact and finite even where P has been
        rounded to 0 or 1.
        """
        X, targets = self._check_data(X, y)
        return self._loss(self._logits(X), targets)

    def train(
        self,
        X: Array,
        y: NDArray[Any],
        epochs: int,
        learning_rate: float,
        batch_size: int | None = None,
        shuffle: np.random.Generator | None = None,
        after_epoch: Callable[[int, float], None] | None = None,
    ) -> History:
        """Train by stochastic gradient descent on the loss, and return the losses.

        Parameters
        ----------
        X : shape (N, D), finite.
        y : shape (N,) or (N, 1), zeros and ones.
        batch_size : rows a step. None takes all rows at once (full batch), 1 one row (online).
        shuffle : draws a new order of the rows for every epoch; None keeps theirs.
        after_epoch : called with the epoch's number (from 1) and loss; what it raises ends the
            training.

        Raises
        ------
        ConfigError
            If a setting is out of range, or the network does not end in one sigmoid unit.
        InputError
            If X or y has another shape, or values that cannot be learned from.
        """
        X, targets = self._check_data(X, y)
        size = check_settings(epochs, learning_rate, batch_size, len(X))
        keep_freed_memory()
        step_losses, epoch_losses = [], []
        for epoch in range(1, epochs + 1):
            order = slice(None) if shuffle is None else shuffle.permutation(len(X))
            X_epoch, y_epoch = X[order], targets[order]
            total = 0.0
            for start in range(0, len(X), size):
                X_batch, y_batch = X_epoch[start : start + size], y_epoch[start : start + size]
                loss = self.gradients(X_batch, y_batch)
                self.step(learning_rate)
                step_losses.append(loss)
                total += loss * len(X_batch)
            epoch_losses.append(total / len(X))
            if after_epoch is not None:
                after_epoch(epoch, epoch_losses[-1])
        return History(np.array(step_losses), np.array(epoch_losses))

    def gradients(self, X: Array, y: NDArray[Any]) -> float:
        """Fill ``dW`` and ``db`` of every layer, and return the loss.

        X is (B, D) and y must be (B, 1). Cross-entropy's derivative by P times the sigmoid's by Z
        is simply (P − y) / B. Written so, nothing is divided by P (1 − P), which may be 0.
        """
        Z = self._logits(X)
        dZ = (self.layers[-1].forward(Z) - y) / len(y)
        for layer in reversed(self.layers[:-1]):
            dZ = layer.backward(dZ)
        return self._loss(Z, y)

    def probabilities(self, X: Array) -> Array:
        """Return P(class 1) of each row, shape (B,)."""
        self._check_classifier()
        return self.forward(check_rows(X, self.linear[0].inputs))[:, 0]

    def predict(self, X: Array) -> NDArray[np.int64]:
        """Return the likelier class of each row, 0 or 1, int64, shape (B,)."""
        return (self.probabilities(X) >= 0.5).astype(np.int64)

    def _logits(self, X: Array) -> Array:
        """Return what goes into the last sigmoid, (B, D) → (B, 1)."""
        for layer in self.layers[:-1]:
            X = layer.forward(X)
        return X

    def _loss(self, Z: Array, y: NDArray[Any]) -> float:
        return float(np.logaddexp(0, (1 - 2 * y) * Z).sum()) / len(y)

    def _check_data(self, X: Array, y: NDArray[Any]) -> tuple[Array, Array]:
        """Return X, and y as a column, if this network can learn them."""
        self._check_classifier()
        X = check_rows(X, self.linear[0].inputs)
        return X, check_targets(y, len(X), X.dtype)

    def _check_classifier(self) -> None:
        ends_well = bool(self.layers) and isinstance(self.layers[-1], Sigmoid)
        if not (ends_well and self.linear and self.linear[-1].units == 1):
            raise ConfigError(
                "This network gives no probability; its last layers must be Linear(…, 1) and "
                "Sigmoid()."
            )


def keep_freed_memory() -> None:
    """Have the C library keep the memory of a step for the next one.

    glibc returns freed memory to the system beyond a threshold that grows with the largest block
    freed so far. Getting it back costs more than the arithmetic at 2,000 rows.
    """
    np.empty(31 << 20, np.uint8)


def initial_weights(
    inputs: int, units: int, init: str | float, generator: np.random.Generator
) -> tuple[Array, Array]:
    """Return W (inputs, units) and b (units,) as in :class:`Linear`."""
    W: Array = np.zeros((inputs, units))
    b: Array = np.zeros(units)
    if init == "default":
        bound = 1 / np.sqrt(inputs)
        W, b = generator.uniform(-bound, bound, W.shape), generator.uniform(-bound, bound, units)
    elif init == "xavier":
        bound = np.sqrt(6 / (inputs + units))
        W = generator.uniform(-bound, bound, W.shape)
    elif init == "he":
        W = generator.normal(0, np.sqrt(2 / inputs), W.shape)
    elif not isinstance(init, str):
        W = generator.normal(0, init, W.shape)
    elif init != "zeros":
        raise ConfigError(f"init {init!r} is not one of default, zeros, xavier, he or a number.")
    return W, b
