"""Why a network learns or does not: gradients, dead and saturated units, units that are twins."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.networks.compiled_backend import scratch_for, zeros_like
from reviewflow.networks.compiled_sgd import RELU, SIGMOID, TANH, Layers, Rows, step, sum_of_squares

SAMPLE_ROWS = 128  # enough to tell a dead unit from a rare one, at 1 % of an epoch's time
SATURATED_SLOPE_SHARE = (
    0.01  # of the activation's steepest slope: the gradient has all but vanished
)
COMPARED_TERMS = 64  # weights of a unit that are compared; twins agree in all of them
TWIN_DIGITS = 4  # decimals, of the layer's largest weight: rounding parts twins by far less


@dataclass(frozen=True)
class Evidence:
    """The layers at the end of an epoch, on a fixed sample of training rows.

    Attributes
    ----------
    gradient_norms : Euclidean norm of the gradient by each layer's weights, from the input up.
    dead_shares : of each hidden layer, the share of units that are 0 for every row of the sample.
    saturated_shares : likewise, units whose slope is below a hundredth of the steepest for every
        row; ReLU, plain or leaky, does not saturate.
    distinct_units : likewise, how many units differ from one another in their weights.
    """

    gradient_norms: list[float]
    dead_shares: list[float]
    saturated_shares: list[float]
    distinct_units: list[int]


def sample_rows(rows: int, seed: int) -> NDArray[np.int64]:
    """The rows on which an epoch's end is looked at, the same ones every time; read-only."""
    generator = np.random.default_rng([seed, 0])
    sample = np.sort(generator.permutation(rows)[:SAMPLE_ROWS]).astype(np.int64)
    sample.setflags(write=False)
    return sample


def evidence(layers: Layers, data: Rows, sample: NDArray[np.int64], activation: int) -> Evidence:
    """Look at the layers on the rows ``sample``."""
    scratch, gradient = scratch_for(layers, len(sample)), zeros_like(layers)
    step(sample, data, layers, gradient, np.float32(-1), activation, scratch)
    hidden = scratch.outputs[:-1]
    return Evidence(
        [sqrt(sum_of_squares(weights)) for weights in gradient.weights],
        [dead_share(outputs, activation) for outputs in hidden],
        [saturated_share(outputs, activation) for outputs in hidden],
        [
            distinct_units(weights, biases)
            for weights, biases in zip(layers.weights[:-1], layers.biases[:-1], strict=True)
        ],
    )


def dead_share(outputs: NDArray[np.float32], activation: int) -> float:
    """Share of ReLU units that are off for every row; other activations have no dead units."""
    return float(np.mean(np.all(outputs == 0, axis=0))) if activation == RELU else 0.0


def saturated_share(outputs: NDArray[np.float32], activation: int) -> float:
    """Share of tanh or sigmoid units that are on a flat stretch for every row."""
    if activation == TANH:
        slopes = 1 - outputs * outputs
    elif activation == SIGMOID:
        slopes = 4 * outputs * (1 - outputs)
    else:
        return 0.0
    return float(np.mean(np.all(slopes < SATURATED_SLOPE_SHARE, axis=0)))


def distinct_units(weights: NDArray[Any], biases: NDArray[Any]) -> int:
    """How many units differ, judged by their bias and evenly spaced weights.

    Parameters
    ----------
    weights : float32, shape (inputs, units); biases : float32, shape (units,).
    """
    compared = np.vstack([weights[:: max(1, len(weights) // COMPARED_TERMS)], biases])
    if not np.all(np.isfinite(compared)):
        return 0
    largest = float(np.abs(compared).max()) or 1.0
    return int(np.unique(np.round(compared / largest, TWIN_DIGITS), axis=1).shape[1])
