"""Train a network on one CPU core by compiled steps of SGD.

Network (PyTorch) ─ copy_layers ─▶ Layers ─ take_steps ─▶ Layers ─ trained_network ─▶ Network
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reviewflow.config.sections import Train
from reviewflow.networks.activations import Activation, find_activation
from reviewflow.networks.compiled_sgd import Layers, Rows, Scratch, run_steps
from reviewflow.networks.model import Network

LINE_FLOATS = 16  # float32 in a cache line. A vector across two lines costs twice.


class CompiledBackend:
    """A training by compiled steps.

    It shares nothing but the data with other threads.

    Parameters
    ----------
    network : gives the initial weights.
    rows : training rows.
    train : batch size and learning rate; the optimiser is SGD.
    """

    def __init__(self, network: Network, rows: Rows, train: Train) -> None:
        self._network, self._rows, self._train = network, rows, train
        self._layers = copy_layers(network)
        self._activation = find_activation(network.activation)
        batch = min(train.batch_size, len(rows.labels))
        self._scratch = allocate_scratch(self._layers, batch, self._activation)

    def take_steps(self, order: NDArray[np.int64]) -> NDArray[np.float64]:
        """Train on the rows ``order`` in batches, and return each step's loss."""
        losses: NDArray[np.float64] = run_steps(
            order,
            self._train.batch_size,
            self._rows,
            self._layers,
            np.float32(self._train.learning_rate),
            self._activation.code,
            self._scratch,
        )
        return losses

    def current_layers(self) -> Layers:
        """Return the present weights in the compiled step's layout."""
        return self._layers

    def trained_network(self) -> Network:
        """Return the network with the present weights."""
        write_layers(self._layers, self._network)
        return self._network


def copy_layers(network: Network) -> Layers:
    """Return copies of a network's weights, each (inputs, units)."""
    linear = network.linear_layers()
    return Layers(
        tuple(aligned_copy(layer.weight.detach().cpu().numpy().T) for layer in linear),
        tuple(aligned_copy(layer.bias.detach().cpu().numpy()) for layer in linear),
    )


def write_layers(layers: Layers, network: Network) -> None:
    """Write weights, each (inputs, units), into a network."""
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


def allocate_scratch(layers: Layers, rows: int, activation: Activation) -> Scratch:
    """Return working memory for batches of up to ``rows`` rows."""
    shapes = [(rows, len(biases)) for biases in layers.biases]
    kept = rows if activation.derivative_from == "input" else 0
    return Scratch(
        tuple(aligned_zeros((kept, len(biases))) for biases in layers.biases),
        tuple(aligned_zeros(shape) for shape in shapes),
        tuple(aligned_zeros(shape) for shape in shapes),
        np.zeros(len(layers.weights[0]), np.int64),
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
