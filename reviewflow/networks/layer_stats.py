"""Measure gradients, and dead, saturated and identical units."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.networks.activations import Activation
from reviewflow.networks.compiled_layers import allocate_scratch, zero_layers
from reviewflow.networks.compiled_linear import LinearModel, collect_gradient
from reviewflow.networks.compiled_sgd import Layers, Rows, StepSettings, sum_of_squares, take_step

# 1 % of an epoch's time. A unit that is on for 1 % of all rows may look dead, so whoever shows such
# a figure names the number of rows.
SAMPLE_ROWS = 128
# Of the activation's steepest slope: below it, the gradient has all but vanished.
FLAT_SLOPE_SHARE = 0.01
COMPARED_TERMS = 64  # weights of a unit that are compared; identical units agree in all of them
EQUAL_DIGITS = 4  # decimals, of the layer's largest weight; rounding moves weights by far less


@dataclass(frozen=True)
class LayerStats:
    """The layers at the end of an epoch, on a fixed sample of training rows.

    Attributes
    ----------
    rows : of the sample.
    gradient_norms : Euclidean norm of the gradient by each layer's weights, from the input up.
    dead_shares : of each hidden layer, the share of dead units: of ReLU those that give 0 for
        every row of the sample, of GELU and SiLU those whose slope is below a hundredth of the
        steepest for every row, since they then give nearly 0; other activations have none.
    saturated_shares : likewise, units of tanh and sigmoid whose slope is below a hundredth of
        the steepest for every row.
    distinct_units : likewise, how many units differ from one another in their weights.
    """

    rows: int
    gradient_norms: list[float]
    dead_shares: list[float]
    saturated_shares: list[float]
    distinct_units: list[int]


def sample_rows(rows: int, seed: int) -> NDArray[np.int64]:
    """Return the rows on which layers are measured, always the same."""
    generator = np.random.default_rng([seed, 0])
    sample = np.sort(generator.permutation(rows)[:SAMPLE_ROWS]).astype(np.int64)
    sample.setflags(write=False)
    return sample


def measure_layers(layers: Layers, data: Rows, activation: Activation) -> LayerStats:
    """Return the layers' statistics on the rows of a sample."""
    sample = np.arange(len(data.labels))
    sample.setflags(write=False)  # as the orders of training, for which the code is compiled
    if len(layers.weights) == 1:
        return LayerStats(len(sample), [linear_gradient_norm(layers, data, sample)], [], [], [])
    scratch, gradient = allocate_scratch(layers, len(sample), activation), zero_layers(layers)
    plain = StepSettings(activation.code, 0.0, 0.0, 0)
    take_step(sample, data, layers, gradient, np.float32(-1), plain, 0, scratch)
    kept = scratch.sums if activation.derivative_from == "input" else scratch.outputs
    flat = [flat_share(values, activation) for values in kept[:-1]]
    none = [0.0 for _ in flat]
    return LayerStats(
        len(sample),
        [sqrt(sum_of_squares(weights)) for weights in gradient.weights],
        flat if activation.flat_units == "dead" else none,
        flat if activation.flat_units == "saturated" else none,
        [
            distinct_units(weights, biases)
            for weights, biases in zip(layers.weights[:-1], layers.biases[:-1], strict=True)
        ],
    )


def linear_gradient_norm(layers: Layers, data: Rows, sample: NDArray[np.int64]) -> float:
    """Return the norm of a linear model's gradient on the rows ``sample``."""
    gradient = zero_layers(layers)
    model = LinearModel(layers.weights[0], layers.biases[0], np.ones(1))
    collect_gradient(sample, data, model, gradient.weights[0], gradient.biases[0])
    return sqrt(sum_of_squares(gradient.weights[0]))


def flat_share(values: NDArray[np.float32], activation: Activation) -> float:
    """Return the share of units whose slope all but vanishes on every row.

    Parameters
    ----------
    values : shape (rows, units); the activation's inputs or outputs, whichever its derivative is
        taken from. A NaN has no slope, and its unit is not flat.
    """
    flat = np.abs(activation.slopes(values)) < np.float32(
        FLAT_SLOPE_SHARE * activation.steepest_slope
    )
    return float(np.mean(np.all(flat & ~np.isnan(values), axis=0)))


def distinct_units(weights: NDArray[Any], biases: NDArray[Any]) -> int:
    """Return how many units differ, by their bias and evenly spaced weights.

    Parameters
    ----------
    weights : float32, shape (inputs, units); biases : float32, shape (units,).
    """
    compared = np.vstack([weights[:: max(1, len(weights) // COMPARED_TERMS)], biases])
    if not np.all(np.isfinite(compared)):
        return 0
    largest = float(np.abs(compared).max()) or 1.0
    return int(np.unique(np.round(compared / largest, EQUAL_DIGITS), axis=1).shape[1])
