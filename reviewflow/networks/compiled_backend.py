"""Train a network with hidden layers on one CPU core by compiled SGD."""

import numpy as np
from numpy.typing import NDArray

from reviewflow.config.sections import Train
from reviewflow.networks.activations import find_activation
from reviewflow.networks.compiled_layers import allocate_scratch, copy_layers
from reviewflow.networks.compiled_sgd import Layers, Rows, StepSettings, apply_scale, run_steps
from reviewflow.networks.model import Network
from reviewflow.networks.schedule import Schedule


class CompiledBackend:
    """A training by compiled steps.

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
        self.rows, self._batch_size = rows, train.batch_size
        self._schedule = Schedule(train, count or len(rows.labels))
        self._layers = copy_layers(network)
        self._settings = compiled_settings(train)
        self._scratch = allocate_scratch(
            self._layers,
            min(train.batch_size, count or len(rows.labels)),
            find_activation(network.activation),
            train.dropout,
        )

    def take_steps(self, order: NDArray[np.int64]) -> NDArray[np.float64]:
        """Train on the rows ``order`` in batches, and return each step's loss."""
        first_step = self._schedule.done
        losses: NDArray[np.float64] = run_steps(
            order,
            self._batch_size,
            self.rows,
            self._layers,
            self._schedule.take(len(order)),
            self._settings,
            first_step,
            self._scratch,
        )
        return losses

    def current_layers(self) -> Layers:
        """Return the present weights, which later steps change."""
        apply_scale(self._layers.weights[0], self._scratch.scale)
        return self._layers


def compiled_settings(train: Train) -> StepSettings:
    """Return the settings that all steps have in common."""
    activation = find_activation(train.activation).code
    return StepSettings(activation, train.weight_decay, train.dropout, train.seed)
