"""Name the layers of single activations, to write a network by hand.

>>> from reviewflow.moons.network import Linear, Sequential
>>> network = Sequential(Linear(2, 64, seed=0), ReLU(), Linear(64, 1, seed=1), Sigmoid())
>>> X, y = [[0.0, 1.0], [1.0, 0.0]], [0, 1]
>>> history = network.train(X, y, epochs=50, learning_rate=0.5)
>>> network.predict(X)
array([0, 1])
"""

from __future__ import annotations

from reviewflow.moons.network import ActivationLayer


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
