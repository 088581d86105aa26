"""Measure a training step of the NumPy network on two moons.

The other sides are PyTorch on the CPU and scikit-learn. All three take the same steps: the network
2 → 64 ReLU → 1 sigmoid in float64, plain gradient descent on binary cross-entropy, the same 2,000
points in the same order. One figure is for the full batch, one for batches of 16. PyTorch trains by
autograd and ``torch.optim.SGD`` with as many threads as it chooses. scikit-learn is
``MLPClassifier.partial_fit``, one call a batch, without momentum and weight decay.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.measuring import Figures, fresh, in_turn, of
from benchmarks.table import Row
from benchmarks.workspace import Workspace

POINTS = 2000
BATCHES = {"full batch": POINTS, "batches of 16": 16}
STEPS = {"full batch": 400, "batches of 16": 2500}
WARM_UP_SHARE = 0.1
RATE = 0.1


def rows(space: Workspace) -> list[Row]:
    """Measure the microseconds of a step for each batch size."""
    found = []
    for name, size in BATCHES.items():
        steps = 50 if space.quick else STEPS[name]
        given = {"size": size, "steps": steps}
        sides = {
            "NumPy": partial(fresh, numpy_steps, **given),
            "PyTorch": partial(fresh, torch_steps, **given),
            "scikit-learn": partial(fresh, sklearn_steps, **given),
        }
        figures = in_turn(space.runs, sides)
        ours = of("microseconds", figures["NumPy"])
        for other in ("PyTorch", "scikit-learn"):
            theirs = of("microseconds", figures[other])
            found.append(Row(f"NumPy network, a step, {name}", "µs", ours, other, theirs))
    return found


def numpy_steps(size: int, steps: int) -> Figures:
    """Measure the steps of :class:`reviewflow.moons.network.Sequential`."""
    import numpy as np

    from reviewflow.moons.activation_layers import ReLU, Sigmoid
    from reviewflow.moons.network import Linear, Sequential

    generator = np.random.default_rng(0)
    network = Sequential(
        Linear(2, 64, "he", generator), ReLU(), Linear(64, 1, "he", generator), Sigmoid()
    )

    X, y = _points()
    epochs = max(steps * size // POINTS, 1)
    network.train(X, y, max(int(epochs * WARM_UP_SHARE), 3), RATE, size)
    started = time.perf_counter()
    taken = len(network.train(X, y, epochs, RATE, size).steps)
    return {"microseconds": (time.perf_counter() - started) / taken * 1e6}


def torch_steps(size: int, steps: int) -> Figures:
    """Measure the same steps by PyTorch's autograd."""
    import torch
    from torch import nn

    network = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 1)).double()
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    cross_entropy = nn.BCEWithLogitsLoss()

    def step(X: Any, y: Any) -> None:
        optimizer.zero_grad()
        loss = cross_entropy(network(X), y)
        loss.backward()
        optimizer.step()
        loss.item()  # the NumPy network also returns the loss of every step

    batches = [(torch.from_numpy(X), torch.from_numpy(y)) for X, y in _batches(size)]
    return _microseconds(step, batches, steps)


def sklearn_steps(size: int, steps: int) -> Figures:
    """Measure the same steps by scikit-learn's MLPClassifier."""
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier(
        (64,), solver="sgd", alpha=0, batch_size=size, learning_rate_init=RATE, momentum=0,
        nesterovs_momentum=False, shuffle=False, random_state=0,
    )  # fmt: skip

    def step(X: Any, y: Any) -> None:
        network.partial_fit(X, y.ravel(), classes=(0.0, 1.0))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _microseconds(step, _batches(size), steps)


def _batches(size: int) -> list[tuple[Any, Any]]:
    """Return the points in batches: X float64 (size, 2), y float64 (size, 1)."""
    X, y = _points()
    return [(X[start : start + size], y[start : start + size]) for start in range(0, POINTS, size)]


def _points() -> tuple[Any, Any]:
    """Return all points: X float64 (N, 2), y float64 (N, 1)."""
    from reviewflow.moons.data import two_moons

    points = two_moons(POINTS, 0.05, 0)
    return points.X, points.y[:, None].astype(float)


def _microseconds(
    step: Callable[[Any, Any], None], batches: list[tuple[Any, Any]], steps: int
) -> Figures:
    for number in range(max(int(steps * WARM_UP_SHARE), 3)):
        step(*batches[number % len(batches)])
    started = time.perf_counter()
    for number in range(steps):
        step(*batches[number % len(batches)])
    return {"microseconds": (time.perf_counter() - started) / steps * 1e6}
