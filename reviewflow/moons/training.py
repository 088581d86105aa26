"""Train the two moons' network: ``whole_set`` and ``point_by_point``.

points.parquet ─ network ─ epochs ─▶ model.safetensors, model.json
                              └────▶ epochs.parquet, steps.parquet, losses.txt
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from reviewflow.context import Context
from reviewflow.errors import ConfigError, StoreError
from reviewflow.moons.config import FullBatch, Network, Online
from reviewflow.moons.data import POINTS_FILE, Points, read_points
from reviewflow.moons.network import ActivationLayer, Layer, Linear, Sequential
from reviewflow.moons.recorded_losses import History
from reviewflow.store.parquet import read_parquet

WEIGHTS_FILE = "model.safetensors"
DESCRIPTION_FILE = "model.json"
LINES_FILE = "losses.txt"


def train_full_batch(
    *, points: Path, network: Network, whole_set: FullBatch, folder: Path, context: Context
) -> dict[str, Any]:
    """Train with one step an epoch, over all points.

    Writes the weights and the architecture (``model.safetensors``, ``model.json``), the losses
    (``epochs.parquet``, ``steps.parquet``) and the printed lines (``losses.txt``).

    Returns
    -------
    dict
        ``rows``: the number of points.

    Raises
    ------
    ConfigError
        If the loss is not finite in the end.
    Cancelled
        If the run was stopped.
    """
    return _train_version(points, network, whole_set, None, folder, context)


def train_online(
    *, points: Path, network: Network, point_by_point: Online, folder: Path, context: Context
) -> dict[str, Any]:
    """Train with a step a point. The files are as of a full batch."""
    return _train_version(points, network, point_by_point, 1, folder, context)


def _train_version(
    points: Path,
    network: Network,
    training: FullBatch | Online,
    batch_size: int | None,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Train one version and write its files."""
    data = read_points(points / POINTS_FILE)
    net = build_network(network.hidden, network.activation, training.init, training.seed)
    history = train_network(
        net, data, training.epochs, training.learning_rate, batch_size, context, report=True
    )
    if not np.isfinite(history.epochs).all():
        raise ConfigError(
            f"The loss is not finite any more after {training.epochs} epochs; lower "
            f"learning_rate (now {training.learning_rate:g})."
        )
    save_network(net, network, folder)
    _write_history(history, folder)
    (folder / LINES_FILE).write_text(loss_lines(history), encoding="utf-8", newline="\n")
    return {"rows": len(data.y)}


def train_network(
    net: Sequential,
    data: Points,
    epochs: int,
    learning_rate: float,
    batch_size: int | None,
    context: Context,
    *,
    report: bool = False,
) -> History:
    """Train ``net`` on the points in their order.

    The linear algebra runs in one thread. Sums shared by threads would depend on how many there
    are, and at a high learning rate the last bit of a sum decides where the training ends.

    Parameters
    ----------
    batch_size : points a step; None takes all of them.
    report : whether each epoch is reported to ``context.progress``.

    Raises
    ------
    Cancelled
        If the run was stopped.
    """
    from threadpoolctl import threadpool_limits

    def after_epoch(epoch: int, loss: float) -> None:
        context.check_stop()
        if report:
            figures = {"done": float(epoch), "total": float(epochs), "loss": loss}
            context.progress(loss_line(epoch, epochs, loss), figures)

    with threadpool_limits(1, "blas"), np.errstate(over="ignore", invalid="ignore"):
        return net.train(data.X, data.y, epochs, learning_rate, batch_size, after_epoch=after_epoch)


def build_network(
    hidden: tuple[int, ...], activation: str, init: str | float, seed: int
) -> Sequential:
    """Return 2 inputs → hidden layers → 1 sigmoid unit."""
    generator = np.random.default_rng(seed)
    layers: list[Layer] = []
    for inputs, units in pairwise((2, *hidden)):
        layers += [Linear(inputs, units, init, generator), ActivationLayer(activation)]
    return Sequential(*layers, Linear(hidden[-1], 1, init, generator), ActivationLayer("sigmoid"))


def loss_line(epoch: int, epochs: int, loss: float) -> str:
    """Return a line such as ``Epoch 7/100, Loss: 0.4213``."""
    return f"Epoch {epoch}/{epochs}, Loss: {loss:.4f}"


def loss_lines(history: History) -> str:
    """Return the text of :func:`loss_line` for every epoch."""
    epochs = len(history.epochs)
    return "".join(
        loss_line(epoch, epochs, loss) + "\n" for epoch, loss in enumerate(history.epochs, start=1)
    )


def save_network(net: Sequential, network: Network, folder: Path) -> None:
    """Write the weights, and beside them the architecture."""
    weights = {}
    for number, layer in enumerate(net.linear):
        weights[f"layers.{number}.W"] = np.ascontiguousarray(layer.W)
        weights[f"layers.{number}.b"] = np.ascontiguousarray(layer.b)
    (folder / WEIGHTS_FILE).write_bytes(save(weights))
    text = json.dumps(network.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
    (folder / DESCRIPTION_FILE).write_text(text, encoding="utf-8", newline="\n")


def load_network(folder: Path) -> Sequential:
    """Return the network that :func:`save_network` wrote.

    Raises
    ------
    StoreError
        If a file is missing, or the weights are not those of the architecture.
    """
    try:
        text = (folder / DESCRIPTION_FILE).read_text(encoding="utf-8")
        network = Network.model_validate_json(text)
        weights = load_file(folder / WEIGHTS_FILE)
        net = build_network(network.hidden, network.activation, "zeros", 0)
        for number, layer in enumerate(net.linear):
            W, b = weights[f"layers.{number}.W"], weights[f"layers.{number}.b"]
            if W.shape != layer.W.shape or b.shape != layer.b.shape:
                raise ValueError(f"layer {number} has the shape {W.shape}")
            layer.W, layer.b = W, b
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        cause = " ".join(str(error).split())
        raise StoreError(f"The network in {folder} cannot be read ({cause}); run again.") from None
    return net


def read_history(folder: Path) -> History:
    """Return the losses that a training wrote."""
    steps = read_parquet(folder / "steps.parquet")["loss"].to_numpy()
    epochs = read_parquet(folder / "epochs.parquet")["loss"].to_numpy()
    return History(steps, epochs)


def _write_history(history: History, folder: Path) -> None:
    """Write ``epoch`` or ``step`` from 1, and the ``loss`` before or over it."""
    for name, losses in (("step", history.steps), ("epoch", history.epochs)):
        numbers = np.arange(1, len(losses) + 1, dtype=np.int32)
        pq.write_table(pa.table({name: numbers, "loss": losses}), folder / f"{name}s.parquet")
