"""Fit a network to rows: epochs of steps, until the last or the best.

rows ─ scale ─▶ backend ─ epoch ─▶ weights ─┬─ average ──────────┬─ fold ─▶ Network
                   ▲         │              └─ validation: best ─┘
                   └─────────┘
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray

from reviewflow.config.sections import Train
from reviewflow.context import Context
from reviewflow.features.dataset import SparseRows
from reviewflow.networks.activations import find_activation
from reviewflow.networks.adam_backend import AdamBackend
from reviewflow.networks.averaging import WeightAverage
from reviewflow.networks.compiled_backend import CompiledBackend
from reviewflow.networks.compiled_layers import write_layers
from reviewflow.networks.compiled_sgd import Layers, Rows
from reviewflow.networks.early_stopping import Watch
from reviewflow.networks.layer_stats import measure_layers, sample_rows
from reviewflow.networks.linear_backend import LinearBackend
from reviewflow.networks.loss_history import Epoch
from reviewflow.networks.model import Network, initialize_weights
from reviewflow.networks.torch_backend import TorchBackend
from reviewflow.networks.training_rows import (
    Scale,
    choose_scale,
    fold_scale,
    labelled_rows,
    scale_inputs,
)

Backend = CompiledBackend | LinearBackend | AdamBackend | TorchBackend

PIECE_SECONDS = 0.2  # between two checks of the stop flag, and between two progress reports
KEPT_SHUFFLES = 8  # variants that train at the same time are seldom further apart


def fit_network(
    data: SparseRows,
    terms: int,
    train: Train,
    context: Context,
    classes: int = 2,
    validation: SparseRows | None = None,
) -> tuple[Network, list[Epoch]]:
    """Return a network trained on ``data``, and its epochs.

    On a CPU the training has one thread. Several variants train at the same time, and sums shared
    by two threads would differ a little every time.

    Parameters
    ----------
    validation : rows on which early stopping measures each epoch.
    """
    torch.set_num_threads(1)
    network = Network(terms, train.hidden, train.activation, classes)
    initialize_weights(network, train.init, train.seed)
    scale = choose_scale(data, terms, train, classes)
    rows = scale_inputs(labelled_rows(data, classes, train.class_weight == "balanced"), scale)
    training = choose_backend(train)(network, rows, train)
    watch = Watch(validation, train.early_stopping) if train.early_stopping else None
    average, epochs = WeightAverage(train.epochs, train.average_epochs), []
    for epoch in train_epochs(training, rows, train, context):
        average.add(epoch.number, training.current_layers())
        if watch:
            export(training.current_layers(), network, scale)
            epoch = replace(epoch, validation_loss=watch.measure(network))
        epochs.append(epoch)
        if watch and watch.has_ended:
            break
    export(average.mean(training.current_layers()), network, scale)
    if watch:
        watch.restore_best(network)
    return network, epochs


def choose_backend(train: Train) -> type[Backend]:
    """Return the class that trains: by compiled steps where it can."""
    if train.device != "cpu":
        return TorchBackend
    if train.optimizer == "adam":
        return AdamBackend
    return CompiledBackend if train.hidden else LinearBackend


def export(layers: Layers, network: Network, scale: Scale | None) -> None:
    """Write trained weights into a network that takes plain inputs."""
    write_layers(layers, network)
    fold_scale(network, scale)


def train_epochs(training: Backend, rows: Rows, train: Train, context: Context) -> Iterator[Epoch]:
    """Train epoch after epoch, and measure the layers after each."""
    count = len(rows.labels)
    sample, activation = sample_rows(count, train.seed), find_activation(train.activation)
    pace = Pace()
    for number in range(1, train.epochs + 1):
        order = shuffled_rows(count, train.seed, number)
        losses = train_epoch(training, order, number, train, pace, context)
        stats = measure_layers(training.current_layers(), rows, sample, activation)
        yield Epoch(number, losses, stats)


@dataclass
class Pace:
    """The number of steps that take about ``PIECE_SECONDS``."""

    steps: int = 1

    def adapt(self, seconds: float) -> None:
        """Adapt to a piece of ``steps`` steps that took ``seconds``."""
        wanted = self.steps * PIECE_SECONDS / max(seconds, 1e-6)
        self.steps = int(max(1, min(wanted, self.steps * 8)))


def train_epoch(
    training: Backend,
    order: NDArray[np.int64],
    number: int,
    train: Train,
    pace: Pace,
    context: Context,
) -> NDArray[np.float64]:
    """Train one epoch, and return the loss of each step, shape (steps,)."""
    size, pieces, done = train.batch_size, [], 0
    steps = -(-len(order) // size)
    while done < steps:
        context.check_stop()
        started, planned = monotonic(), pace.steps
        pieces.append(training.take_steps(order[done * size : (done + planned) * size]))
        done = min(done + planned, steps)
        if len(pieces[-1]) == planned:
            pace.adapt(monotonic() - started)
        loss = float(np.mean(pieces[-1]))
        context.progress(
            f"epoch {number} of {train.epochs} · loss {loss:.3f}",
            {
                "done": (number - 1) * steps + done,
                "total": train.epochs * steps,
                "loss": loss,
            },
        )
    return np.concatenate(pieces)


@lru_cache(maxsize=KEPT_SHUFFLES)
def shuffled_rows(rows: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of the rows in one epoch, int64 (rows,), read-only."""
    order = np.random.default_rng([seed, epoch]).permutation(rows).astype(np.int64)
    order.setflags(write=False)
    return order
