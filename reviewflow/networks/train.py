"""Train one variant with one seed: the stage ``train``.

features (parts) ─ load ─▶ X, labels ─ scale ─┐
                         shuffle ─────────────┼─▶ steps ─ fold ─▶ model.safetensors, model.json
initial weights by seed ──────────────────────┘     └─ losses ──▶ history.parquet
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from reviewflow.config.sections import Train
from reviewflow.context import Context
from reviewflow.errors import QualityError
from reviewflow.features.dataset import SparseRows, load_dataset
from reviewflow.networks.activations import find_activation
from reviewflow.networks.compiled_backend import CompiledBackend
from reviewflow.networks.layer_stats import measure_layers, sample_rows
from reviewflow.networks.linear_backend import LinearBackend
from reviewflow.networks.loss_history import Epoch, history_table
from reviewflow.networks.model import Network, initialize_weights, save_network
from reviewflow.networks.torch_backend import TorchBackend
from reviewflow.networks.training_rows import (
    choose_scale,
    fold_scale,
    labelled_rows,
    scale_inputs,
)

Backend = CompiledBackend | LinearBackend | TorchBackend

PIECE_SECONDS = 0.2  # between two checks of the stop flag, and between two progress reports
KEPT_SHUFFLES = 8  # variants that train at the same time are seldom further apart


def train_network(
    *,
    features: tuple[Path, ...],
    vocabulary: Path,
    train: Train,
    classes: int,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Train one network and write it with its history into ``folder``.

    Parameters
    ----------
    features : folders with ``features.parquet``, one a part.
    vocabulary : folder with ``vocabulary.parquet``; its length is the network's input.
    train : settings; ``device`` is ``cpu`` or ``cuda``, ``repeats`` has no effect.
    classes : K, the number of classes.

    Returns
    -------
    dict
        ``rows``: the number of training rows.

    Raises
    ------
    QualityError
        If no training row has a label, or the vocabulary is empty.
    Cancelled
        If the run was stopped.
    """
    terms = pq.read_metadata(vocabulary / "vocabulary.parquet").num_rows
    data = load_dataset(features, terms).train
    if not data.rows or not terms:
        lacking = "no row with a label" if terms else "no term in the vocabulary"
        raise QualityError(
            f"Training needs rows to learn from, but there is {lacking} in the training split; "
            "check ingest.labels, split.test_size and vectorize.min_df."
        )
    network, epochs = fit_network(data, terms, train, context, classes)
    settings = train.model_dump(mode="json", exclude={"repeats"})
    save_network(network, settings, folder)
    pq.write_table(history_table(epochs, train.log_every), folder / "history.parquet")
    return {"rows": data.rows}


def fit_network(
    data: SparseRows, terms: int, train: Train, context: Context, classes: int = 2
) -> tuple[Network, list[Epoch]]:
    """Return a network trained on ``data``, and its epochs.

    On a CPU the training has one thread. Several variants train at the same time, and sums shared
    by two threads would differ a little every time.
    """
    torch.set_num_threads(1)
    network = Network(terms, train.hidden, train.activation, classes)
    initialize_weights(network, train.init, train.seed)
    scale = choose_scale(data, terms, train, classes)
    rows = scale_inputs(labelled_rows(data, classes), scale)
    training = choose_backend(train)(network, rows, train)
    sample, activation = sample_rows(data.rows, train.seed), find_activation(train.activation)
    pace, epochs = Pace(), []
    for number in range(1, train.epochs + 1):
        order = shuffled_rows(data.rows, train.seed, number)
        losses = train_epoch(training, order, number, train, pace, context)
        stats = measure_layers(training.current_layers(), rows, sample, activation)
        epochs.append(Epoch(number, losses, stats))
    return fold_scale(training.trained_network(), scale), epochs


def choose_backend(train: Train) -> type[Backend]:
    """Return the class that trains: by compiled steps where it can."""
    if train.optimizer != "sgd" or train.device != "cpu":
        return TorchBackend
    return CompiledBackend if train.hidden else LinearBackend


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
