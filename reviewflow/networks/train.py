"""The train stage: one variant, from features to a trained network and its history.

features (parts) ─ load ─▶ X, labels ─┐
                         shuffle ─────┼─▶ steps ─▶ … ─▶ model.safetensors, model.json
initial weights by seed ──────────────┘     └─ losses ─▶ history.parquet
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
from reviewflow.networks.compiled_backend import CompiledBackend, labelled_rows
from reviewflow.networks.layer_stats import measure_layers, sample_rows
from reviewflow.networks.loss_history import Epoch, history_table
from reviewflow.networks.model import Network, fill_weights, save_network
from reviewflow.networks.torch_backend import TorchBackend

PIECE_SECONDS = 0.2  # steps between two looks at the stop flag, and between two words of progress
KEPT_SHUFFLES = 8  # variants that train side by side are seldom further apart than that


def train(
    *,
    features: tuple[Path, ...],
    vocabulary: Path,
    train: Train,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Train one network and write it with its history into ``folder``.

    Parameters
    ----------
    features : folders with ``features.parquet``, one a part.
    vocabulary : folder with ``vocabulary.parquet``; its length is the network's input.
    train : settings; ``device`` is ``cpu`` or ``cuda``, ``repeats`` plays no part.

    Returns
    -------
    dict
        ``rows``: the number of training rows.

    Raises
    ------
    QualityError
        If there is no training row with a label, or no term.
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
    network, epochs = trained(data, terms, train, context)
    settings = train.model_dump(mode="json", exclude={"repeats"})
    save_network(network, settings, folder)
    pq.write_table(history_table(epochs, train.log_every), folder / "history.parquet")
    return {"rows": data.rows}


def trained(
    data: SparseRows, terms: int, train: Train, context: Context
) -> tuple[Network, list[Epoch]]:
    """A network trained on ``data``, and what each epoch was like.

    On a CPU it computes in one thread: several variants train side by side, and sums that two
    threads share would come out a little different every time.
    """
    torch.set_num_threads(1)
    network = Network(terms, train.hidden, train.activation)
    fill_weights(network, train.init, train.seed)
    fused = train.optimizer == "sgd" and train.device == "cpu"
    training = (CompiledBackend if fused else TorchBackend)(network, data, train)
    rows, sample = labelled_rows(data), sample_rows(data.rows, train.seed)
    activation = find_activation(train.activation)
    pace, epochs = Pace(), []
    for number in range(1, train.epochs + 1):
        order = shuffled_rows(data.rows, train.seed, number)
        losses = epoch_losses(training, order, number, train, pace, context)
        stats = measure_layers(training.current_layers(), rows, sample, activation)
        epochs.append(Epoch(number, losses, stats))
    return training.trained_network(), epochs


@dataclass
class Pace:
    """How many steps make a piece of work of about ``PIECE_SECONDS``."""

    steps: int = 1

    def measured(self, seconds: float) -> None:
        """Learn from a piece of ``steps`` steps that took ``seconds``."""
        wanted = self.steps * PIECE_SECONDS / max(seconds, 1e-6)
        self.steps = int(max(1, min(wanted, self.steps * 8)))


def epoch_losses(
    training: CompiledBackend | TorchBackend,
    order: NDArray[np.int64],
    number: int,
    train: Train,
    pace: Pace,
    context: Context,
) -> NDArray[np.float64]:
    """Train one epoch piece by piece; the loss of each step, shape (steps,)."""
    size, pieces, done = train.batch_size, [], 0
    steps = -(-len(order) // size)
    while done < steps:
        context.check_stop()
        started, planned = monotonic(), pace.steps
        pieces.append(training.take_steps(order[done * size : (done + planned) * size]))
        done = min(done + planned, steps)
        if len(pieces[-1]) == planned:
            pace.measured(monotonic() - started)
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
    """The order of the rows in one epoch, int64, shape (rows,), read-only."""
    order = np.random.default_rng([seed, epoch]).permutation(rows).astype(np.int64)
    order.setflags(write=False)
    return order
