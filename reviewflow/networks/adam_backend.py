"""Train a network on one CPU core by compiled gradients and Adam.

rows ─ gradient of a batch ─▶ first layer: terms of the batch ─▶ weights
                          └─▶ other layers, biases ────────────▶ weights
"""

import numpy as np
from numpy.typing import NDArray

from reviewflow.config.sections import Train
from reviewflow.networks.activations import find_activation
from reviewflow.networks.compiled_adam import AdamLayer, update_all, update_terms
from reviewflow.networks.compiled_backend import compiled_settings
from reviewflow.networks.compiled_layers import allocate_scratch, copy_layers, zero_layers
from reviewflow.networks.compiled_linear import LinearModel, collect_gradient
from reviewflow.networks.compiled_sgd import Layers, Rows, take_step
from reviewflow.networks.model import Network
from reviewflow.networks.schedule import Schedule


class AdamBackend:
    """A training by compiled gradients and Adam.

    It shares nothing but the data with other threads.

    Parameters
    ----------
    network : gives the initial weights.
    rows : training rows, which may be changed for others between steps.
    train : settings; the optimiser is Adam.
    count : number of training rows, if ``rows`` are not all of them.
    """

    def __init__(
        self, network: Network, rows: Rows, train: Train, count: int | None = None
    ) -> None:
        self.rows, self._train = rows, train
        self._schedule = Schedule(train, count or len(rows.labels))
        self._layers = copy_layers(network)
        self._gradient = zero_layers(self._layers)
        means, squares = zero_layers(self._layers), zero_layers(self._layers)
        parts = (self._layers, self._gradient, means, squares)
        self._weights = [AdamLayer(*each) for each in zip(*(p.weights for p in parts), strict=True)]
        self._biases = [
            AdamLayer(*(biases[None] for biases in each))
            for each in zip(*(p.biases for p in parts), strict=True)
        ]
        self._seen = np.zeros(network.terms, np.int64)
        self._settings = compiled_settings(train)._replace(decay=0.0)  # Adam adds it itself
        self._scratch = allocate_scratch(
            self._layers,
            min(train.batch_size, count or len(rows.labels)),
            find_activation(network.activation),
            train.dropout,
        )

    def take_steps(self, order: NDArray[np.int64]) -> NDArray[np.float64]:
        """Train on the rows ``order`` in batches, and return each step's loss."""
        step, size = self._schedule.done, self._train.batch_size
        rates = self._schedule.take(len(order))
        losses = np.empty(len(rates))
        for number, rate in enumerate(rates.tolist()):
            batch = order[number * size : (number + 1) * size]
            losses[number] = self._collect(batch, step + number)
            self._update(batch, step + number + 1, rate)
        return losses

    def current_layers(self) -> Layers:
        """Return the present weights, which later steps change."""
        return self._layers

    def _collect(self, batch: NDArray[np.int64], step: int) -> float:
        """Fill the gradient with that of a batch, and return its loss."""
        layers, gradient = self._layers, self._gradient
        if self._train.hidden:
            return float(
                take_step(
                    batch,
                    self.rows,
                    layers,
                    gradient,
                    np.float32(-1),
                    self._settings,
                    step,
                    self._scratch,
                )
            )
        model = LinearModel(layers.weights[0], layers.biases[0], self._scratch.scale)
        return float(
            collect_gradient(batch, self.rows, model, gradient.weights[0], gradient.biases[0])
        )

    def _update(self, batch: NDArray[np.int64], step: int, rate: float) -> None:
        """Change the weights by the gradient, which becomes zero."""
        first, *others = self._weights
        decay, rows = self._train.weight_decay, self.rows
        update_terms(batch, rows.indptr, rows.indices, first, self._seen, step, rate, decay)
        for layer in others:
            update_all(layer, step, rate, decay)
        for biases in self._biases:
            update_all(biases, step, rate, 0.0)
