"""Copy weights between PyTorch and compiled code.

Network (PyTorch) ─ copy_layers ─▶ Layers (inputs, units) ─ write_layers ─▶ Network
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.networks.activations import Activation
from reviewflow.networks.compiled_sgd import Layers, Scratch

if TYPE_CHECKING:
    from reviewflow.networks.model import Network

LINE_FLOATS = 16  # float32 in a cache line. A vector across two lines costs twice.


def copy_layers(network: Network) -> Layers:
    """Return copies of a network's weights, each (inputs, units)."""
    linear = network.linear_layers()
    return Layers(
        tuple(aligned_copy(layer.weight.detach().cpu().numpy().T) for layer in linear),
        tuple(aligned_copy(layer.bias.detach().cpu().numpy()) for layer in linear),
    )


def write_layers(layers: Layers, network: Network) -> None:
    """Write weights, each (inputs, units), into a network."""
    import torch

    with torch.no_grad():
        for layer, weights, biases in zip(
            network.linear_layers(), layers.weights, layers.biases, strict=True
        ):
            layer.weight.copy_(torch.from_numpy(weights).T)
            layer.bias.copy_(torch.from_numpy(biases))


def zero_layers(layers: Layers) -> Layers:
    """Return layers of the same shapes, all zero."""
    return Layers(
        tuple(aligned_zeros(weights.shape) for weights in layers.weights),
        tuple(aligned_zeros(biases.shape) for biases in layers.biases),
    )


def allocate_scratch(
    layers: Layers, rows: int, activation: Activation, dropout: float = 0.0
) -> Scratch:
    """Return working memory for batches of up to ``rows`` rows."""
    shapes = [(rows, len(biases)) for biases in layers.biases]
    kept = rows if activation.derivative_from == "input" else 0
    masked = rows if dropout else 0
    return Scratch(
        tuple(aligned_zeros((kept, len(biases))) for biases in layers.biases),
        tuple(aligned_zeros(shape) for shape in shapes),
        tuple(aligned_zeros(shape) for shape in shapes),
        tuple(aligned_zeros((masked, len(biases))) for biases in layers.biases[:-1]),
        np.zeros(len(layers.weights[0]), np.int64),
        np.ones(1),
    )


def aligned_zeros(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return float32 zeros that start on a cache line."""
    size = int(np.prod(shape))
    memory = np.zeros(size + LINE_FLOATS, np.float32)
    start = -memory.ctypes.data // memory.itemsize % LINE_FLOATS
    return memory[start : start + size].reshape(shape)


def aligned_copy(array: NDArray[Any]) -> NDArray[np.float32]:
    """Return a float32 copy, row after row, that starts on a cache line."""
    copy = aligned_zeros(array.shape)
    copy[...] = array
    return copy
