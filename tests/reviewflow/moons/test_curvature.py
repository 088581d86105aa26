"""Compare the largest curvature with the Hessian that PyTorch computes."""

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from reviewflow.moons.curvature import flat_weights, largest_curvature, set_weights
from reviewflow.moons.data import Points, two_moons
from reviewflow.moons.training import build_network


def hessian(weights: np.ndarray, points: Points, units: int) -> np.ndarray:
    """Return the Hessian of the loss of 2 → units tanh → 1 by all weights."""
    X, y = torch.from_numpy(points.X), torch.from_numpy(points.y).double()

    def loss(flat: torch.Tensor) -> torch.Tensor:
        W1, b1, W2, b2 = flat.split([2 * units, units, units, 1])
        A = torch.tanh(X @ W1.reshape(2, units) + b1)
        return binary_cross_entropy_with_logits(A @ W2 + b2, y)

    return torch.autograd.functional.hessian(loss, torch.from_numpy(weights)).numpy()


def test_it_is_the_largest_eigenvalue_of_the_hessian_and_weights_stay() -> None:
    points = two_moons(60, 0.05, 0)
    net = build_network((5,), "tanh", "xavier", 1)
    net.train(points.X, points.y, 50, 0.5)
    before = flat_weights(net)
    largest = np.abs(np.linalg.eigvalsh(hessian(before, points, 5))).max()
    assert largest_curvature(net, points) == pytest.approx(largest, rel=0.02)
    np.testing.assert_array_equal(flat_weights(net), before)
    set_weights(net, before + 1)
    np.testing.assert_array_equal(flat_weights(net), before + 1)
