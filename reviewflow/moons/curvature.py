"""Measure the curvature of the loss, which limits the learning rate.

Near a point a loss is a bowl. Gradient descent in a bowl of curvature c shrinks the distance to
its bottom by the factor 1 − rate · c a step; above rate = 2 / c it grows instead, and turns its
sign every step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reviewflow.moons.data import Points
from reviewflow.moons.network import Sequential

ROUNDS = 30  # of power iteration, enough for two digits
SHIFT = 1e-2  # of the weights, either way, over which the gradient's change is measured


def largest_curvature(net: Sequential, data: Points) -> float:
    """Return the size of the largest eigenvalue of the loss's Hessian.

    Power iteration without building the Hessian: times a direction it is the change of the
    gradient along it, H v ≈ (g(w + εv) − g(w − εv)) / 2ε (Pearlmutter 1994). The network keeps its
    weights.
    """
    start = flat_weights(net)
    direction = np.random.default_rng(0).normal(size=len(start))
    size = 0.0
    for _ in range(ROUNDS):
        direction = direction / np.linalg.norm(direction)
        ahead = _gradient_at(net, data, start + SHIFT * direction)
        behind = _gradient_at(net, data, start - SHIFT * direction)
        direction = (ahead - behind) / (2 * SHIFT)
        size = float(np.linalg.norm(direction))
        if size == 0:
            break
    set_weights(net, start)
    return size


def flat_weights(net: Sequential) -> NDArray[np.float64]:
    """Return all weights and biases in one vector."""
    return np.concatenate([part.ravel() for layer in net.linear for part in (layer.W, layer.b)])


def set_weights(net: Sequential, weights: NDArray[np.float64]) -> None:
    """Give ``net`` the weights of a vector as :func:`flat_weights` returns it."""
    start = 0
    for layer in net.linear:
        middle, end = start + layer.W.size, start + layer.W.size + layer.b.size
        layer.W = weights[start:middle].reshape(layer.W.shape)
        layer.b = weights[middle:end]
        start = end


def _gradient_at(
    net: Sequential, data: Points, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    set_weights(net, weights)
    net.gradients(data.X, data.y[:, None].astype(np.float64))
    return np.concatenate([part.ravel() for layer in net.linear for part in (layer.dW, layer.db)])
