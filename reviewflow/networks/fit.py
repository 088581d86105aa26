"""Fit a network to rows: epochs of steps, until the last or the best.

rows ─ windows ─ scale ─▶ backend ─ epoch ─▶ weights ─┬─ average ──────────┬─ fold ─▶ Network
                             ▲         │              └─ validation: best ─┘
                             └─────────┘
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray

from reviewflow.config.sections import Train
from reviewflow.context import Context
from reviewflow.features.dataset import RowSource
from reviewflow.networks.activations import find_activation
from reviewflow.networks.adam_backend import AdamBackend
from reviewflow.networks.averaging import WeightAverage
from reviewflow.networks.compiled_backend import CompiledBackend
from reviewflow.networks.compiled_layers import write_layers
from reviewflow.networks.compiled_sgd import Layers
from reviewflow.networks.early_stopping import Watch
from reviewflow.networks.layer_stats import measure_layers
from reviewflow.networks.linear_backend import LinearBackend
from reviewflow.networks.loss_history import Epoch
from reviewflow.networks.model import Network, initialize_weights
from reviewflow.networks.torch_backend import TorchBackend
from reviewflow.networks.training_rows import Scale, TrainingRows, fold_scale

Backend = CompiledBackend | LinearBackend | AdamBackend | TorchBackend

PIECE_SECONDS = 0.2  # between two checks of the stop flag, and between two progress reports


def fit_network(
    data: RowSource,
    terms: int,
    train: Train,
    context: Context,
    classes: int = 2,
    validation: RowSource | None = None,
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
    rows = TrainingRows(data, terms, train, classes)
    training = choose_backend(train)(network, rows.sample, train, rows.count)
    watch = Watch(validation, train.early_stopping) if train.early_stopping else None
    average, epochs = WeightAverage(train.epochs, train.average_epochs), []
    for epoch in train_epochs(training, rows, train, context):
        average.add(epoch.number, training.current_layers())
        if watch:
            export(training.current_layers(), network, rows.scale)
            epoch = replace(epoch, validation_loss=watch.measure(network))
        epochs.append(epoch)
        if watch and watch.has_ended:
            break
    export(average.mean(training.current_layers()), network, rows.scale)
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


def train_epochs(
    training: Backend, rows: TrainingRows, train: Train, context: Context
) -> Iterator[Epoch]:
    """Train epoch after epoch, and measure the layers after each."""
    activation, pace = find_activation(train.activation), Pace()
    for number in range(1, train.epochs + 1):
        losses = train_epoch(training, rows, number, train, pace, context)
        stats = measure_layers(training.current_layers(), rows.sample, activation)
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
    rows: TrainingRows,
    number: int,
    train: Train,
    pace: Pace,
    context: Context,
) -> NDArray[np.float64]:
    """Train one epoch, and return the loss of each step, shape (steps,)."""
    pieces, done = [], 0
    steps = -(-rows.count // train.batch_size)
    for block, order in rows.blocks(number):
        training.rows = block
        for losses in take_pieces(training, order, train.batch_size, pace, context):
            pieces.append(losses)
            done += len(losses)
            loss = float(np.mean(losses))
            context.progress(
                f"epoch {number} of {train.epochs} · loss {loss:.3f}",
                {
                    "done": (number - 1) * steps + done,
                    "total": train.epochs * steps,
                    "loss": loss,
                },
            )
        training.rows = rows.sample
        del block  # before the next one is read
    return np.concatenate(pieces)


def take_pieces(
    training: Backend, order: NDArray[np.int64], size: int, pace: Pace, context: Context
) -> Iterator[NDArray[np.float64]]:
    """Take the steps of a block, and yield the losses of some at a time."""
    done, steps = 0, -(-len(order) // size)
    while done < steps:
        context.check_stop()
        started, planned = monotonic(), pace.steps
        losses = training.take_steps(order[done * size : (done + planned) * size])
        done += len(losses)
        if len(losses) == planned:
            pace.adapt(monotonic() - started)
        yield losses
