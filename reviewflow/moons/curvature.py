"""How strongly the loss bends at the weights that a network has: the limit of a stable step.

Near a point a loss is a bowl. Gradient descent in a bowl of curvature c shrinks the distance to
its bottom by the factor 1 − rate · c a step; above rate = 2 / c it grows instead, and turns its
sign every step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reviewflow.moons.data import Points
from reviewflow.moons.network import Sequential

ROUNDS = 30  # of power iteration: enough for two digits
SHIFT = 1e-2  # of the weights, either way, to see how the gradient changes


def largest_curvature(net: Sequential, data: Points) -> float:
    """The eigenvalue of the loss's Hessian that is largest in size, by power iteration.

    The Hessian is never built: times a direction it is the change of the gradient along it,
    H v ≈ (g(w + εv) − g(w − εv)) / 2ε (Pearlmutter 1994). The network's weights are put back.
    """
    start = weights_of(net)
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
    put_weights(net, start)
    return size


def weights_of(net: Sequential) -> NDArray[np.float64]:
    """All weights and biases in one vector."""
    return np.concatenate([part.ravel() for layer in net.linear for part in (layer.W, layer.b)])


def put_weights(net: Sequential, weights: NDArray[np.float64]) -> None:
    """Give ``net`` the weights that :func:`weights_of` returned."""
    start = 0
    for layer in net.linear:
        middle, end = start + layer.W.size, start + layer.W.size + layer.b.size
        layer.W = weights[start:middle].reshape(layer.W.shape)
        layer.b = weights[middle:end]
        start = end


def _gradient_at(
    net: Sequential, data: Points, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    put_weights(net, weights)
    net.gradients(data.X, data.y[:, None].astype(np.float64))
    return np.concatenate([part.ravel() for layer in net.linear for part in (layer.dW, layer.db)])
