"""Train a linear model on one CPU core by compiled steps of SGD.

Network (PyTorch) ─ copy_layers ─▶ Linear ─ take_steps ─▶ Linear ─ trained_network ─▶ Network
"""

import numpy as np
from numpy.typing import NDArray

from reviewflow.config.sections import Train
from reviewflow.networks.compiled_backend import copy_layers, write_layers
from reviewflow.networks.compiled_linear import Linear, apply_scale, run_linear_steps
from reviewflow.networks.compiled_sgd import Layers, Rows
from reviewflow.networks.model import Network


class LinearBackend:
    """A training of a network without hidden layers by compiled steps.

    It shares nothing but the data with other threads.

    Parameters
    ----------
    network : gives the initial weights.
    rows : training rows.
    train : batch size and learning rate; the optimiser is SGD.
    """

    def __init__(self, network: Network, rows: Rows, train: Train) -> None:
        self._network, self._rows, self._train = network, rows, train
        (weights,), (biases,) = copy_layers(network)
        self._model = Linear(weights, biases, np.ones(1))

    def take_steps(self, order: NDArray[np.int64]) -> NDArray[np.float64]:
        """Train on the rows ``order`` in batches, and return each step's loss."""
        size = self._train.batch_size
        rates = np.full(-(-len(order) // size), self._train.learning_rate, np.float32)
        losses: NDArray[np.float64] = run_linear_steps(
            order, size, self._rows, self._model, rates, 0.0
        )
        return losses

    def current_layers(self) -> Layers:
        """Return the present weights."""
        apply_scale(self._model)
        return Layers((self._model.weights,), (self._model.biases,))

    def trained_network(self) -> Network:
        """Return the network with the present weights."""
        write_layers(self.current_layers(), self._network)
        return self._network
