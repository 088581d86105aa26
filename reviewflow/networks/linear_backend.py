"""Train a network without hidden layers on one CPU core by compiled SGD."""

import numpy as np
from numpy.typing import NDArray

from reviewflow.config.sections import Train
from reviewflow.networks.compiled_layers import copy_layers
from reviewflow.networks.compiled_linear import LinearModel, absorb_scale, run_linear_steps
from reviewflow.networks.compiled_sgd import Layers, Rows
from reviewflow.networks.model import Network
from reviewflow.networks.schedule import Schedule


class LinearBackend:
    """A training of a linear model by compiled steps.

    It shares nothing but the data with other threads.

    Parameters
    ----------
    network : gives the initial weights.
    rows : training rows, which may be changed for others between steps.
    train : settings; the optimiser is SGD.
    count : number of training rows, if ``rows`` are not all of them.
    """

    def __init__(
        self, network: Network, rows: Rows, train: Train, count: int | None = None
    ) -> None:
        self.rows, self._train = rows, train
        self._schedule = Schedule(train, count or len(rows.labels))
        (weights,), (biases,) = copy_layers(network)
        self._model = LinearModel(weights, biases, np.ones(1))

    def take_steps(self, order: NDArray[np.int64]) -> NDArray[np.float64]:
        """Train on the rows ``order`` in batches, and return each step's loss."""
        rates = self._schedule.take(len(order))
        losses: NDArray[np.float64] = run_linear_steps(
            order,
            self._train.batch_size,
            self.rows,
            self._model,
            rates,
            rates * np.float32(self._train.bias_rate),
            self._train.weight_decay,
        )
        return losses

    def current_layers(self) -> Layers:
        """Return the present weights, which later steps change."""
        absorb_scale(self._model)
        return Layers((self._model.weights,), (self._model.biases,))
