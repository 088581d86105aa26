"""SGD on one CPU core with the compiled step: the weights in the step's layout, and back."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reviewflow.config.sections import Train
from reviewflow.features.dataset import SparseRows
from reviewflow.networks.activations import Activation, find_activation
from reviewflow.networks.compiled_sgd import Layers, Rows, Scratch, descend
from reviewflow.networks.model import Network

LINE_FLOATS = 16  # float32 in a cache line; a vector across two lines costs twice


class CompiledBackend:
    """Trains a network in place of PyTorch; nothing is shared with other threads but the data.

    Parameters
    ----------
    network : gives the initial weights.
    data : training rows.
    train : batch size, learning rate; the optimiser is SGD.
    """

    def __init__(self, network: Network, data: SparseRows, train: Train) -> None:
        self._network, self._train = network, train
        self._rows = labelled_rows(data)
        self._layers = layers_of(network)
        self._activation = find_activation(network.activation)
        rows = min(train.batch_size, data.rows)
        self._scratch = scratch_for(self._layers, rows, self._activation)

    def take_steps(self, order: NDArray[np.int64]) -> NDArray[np.float64]:
        """Walk through the rows ``order`` in batches; the mean loss of each step."""
        losses: NDArray[np.float64] = descend(
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
        """The weights as they stand, in the compiled step's layout."""
        return self._layers

    def trained_network(self) -> Network:
        """The network with the weights as they stand."""
        with torch.no_grad():
            layers = zip(
                self._network.linear_layers(),
                self._layers.weights,
                self._layers.biases,
                strict=True,
            )
            for layer, weights, biases in layers:
                layer.weight.copy_(torch.from_numpy(weights).T)
                layer.bias.copy_(torch.from_numpy(biases))
        return self._network


def labelled_rows(data: SparseRows) -> Rows:
    """The rows as compiled code takes them; nothing is copied."""
    return Rows(data.indptr, data.indices, data.values, data.labels)


def layers_of(network: Network) -> Layers:
    """Copies of a network's weights as (inputs, units)."""
    linear = network.linear_layers()
    return Layers(
        tuple(aligned_copy(layer.weight.detach().cpu().numpy().T) for layer in linear),
        tuple(aligned_copy(layer.bias.detach().cpu().numpy()) for layer in linear),
    )


def zeros_like(layers: Layers) -> Layers:
    """Layers of the same shapes, all zero."""
    return Layers(
        tuple(aligned_zeros(weights.shape) for weights in layers.weights),
        tuple(aligned_zeros(biases.shape) for biases in layers.biases),
    )


def scratch_for(layers: Layers, rows: int, activation: Activation) -> Scratch:
    """Working memory for batches of up to ``rows`` rows."""
    shapes = [(rows, len(biases)) for biases in layers.biases]
    kept = rows if activation.derivative_from == "input" else 0
    return Scratch(
        tuple(aligned_zeros((kept, len(biases))) for biases in layers.biases),
        tuple(aligned_zeros(shape) for shape in shapes),
        tuple(aligned_zeros(shape) for shape in shapes),
        np.zeros(len(layers.weights[0]), np.int64),
    )


def aligned_zeros(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Float32 zeros that start on a cache line."""
    size = int(np.prod(shape))
    memory = np.zeros(size + LINE_FLOATS, np.float32)
    start = -memory.ctypes.data // memory.itemsize % LINE_FLOATS
    return memory[start : start + size].reshape(shape)


def aligned_copy(array: NDArray[Any]) -> NDArray[np.float32]:
    """A float32 copy, row after row, that starts on a cache line."""
    copy = aligned_zeros(array.shape)
    copy[...] = array
    return copy
