"""Study trainings: fresh points, learning rates and initial weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reviewflow.context import Context
from reviewflow.moons.config import FullBatch, InitialWeights, Network, Sensitivity
from reviewflow.moons.curvature import largest_curvature
from reviewflow.moons.data import FRESH_FILE, POINTS_FILE, Points, read_points
from reviewflow.moons.network import Sequential
from reviewflow.moons.training import build_network, load_network, train_network

STUDIED_INITS = ("zeros", "xavier", "he")
STUDIED_ACTIVATIONS = ("relu", "sigmoid")
EQUAL_DIGITS = 6  # units whose weights agree to that many decimals count as one


def check_fresh_points(
    *, points: Path, whole_set_model: Path, point_by_point_model: Path, folder: Path,
    context: Context,
) -> dict[str, Any]:  # fmt: skip
    """Measure both networks on points that they never saw.

    Writes ``accuracy.json``. For each version: ``loss`` and ``accuracy`` (a share) on the
    ``points`` it learned from and on the ``fresh`` ones. ``rows`` is the number of fresh points.
    """
    learned, fresh = read_points(points / POINTS_FILE), read_points(points / FRESH_FILE)
    models = {"whole_set": whole_set_model, "point_by_point": point_by_point_model}
    figures = {}
    for name, model in models.items():
        context.check_stop()
        net = load_network(model)
        figures[name] = {"points": _figures(net, learned), "fresh": _figures(net, fresh)}
    _write_json(figures, folder / "accuracy.json")
    return {"rows": len(fresh.y)}


def try_learning_rates(
    *, points: Path, network: Network, whole_set: FullBatch, sensitivity: Sensitivity,
    folder: Path, context: Context,
) -> dict[str, Any]:  # fmt: skip
    """Train the full-batch version at every rate from several initial weights.

    Writes ``learning_rates.parquet``: ``learning_rate`` double, ``seed`` int64 (from
    ``whole_set.seed`` up), ``first``, ``highest``, ``last`` double, the losses, ``rises`` int64,
    the steps after which the loss was higher. Writes ``curvature.json`` too: the largest
    ``curvature`` of the loss at the end of each training at the lowest rate (see
    :func:`largest_curvature`), in the seeds' order. ``rows`` is the number of trainings.
    """
    data = read_points(points / POINTS_FILE)
    seeds = [(whole_set.seed + number) % 2**32 for number in range(sensitivity.seeds)]

    lowest = min(sensitivity.learning_rates)
    runs = [(rate, seed) for rate in sensitivity.learning_rates for seed in seeds]
    rows, curvatures = [], []

    def one_training(run: tuple[float, int]) -> tuple[tuple[float, ...], float]:
        rate, seed = run
        net = build_network(network.hidden, network.activation, whole_set.init, seed)
        losses = train_network(net, data, whole_set.epochs, rate, None, context).epochs
        rises = int((np.diff(losses) > 0).sum())
        curvature = largest_curvature(net, data) if rate == lowest else np.nan
        return (rate, seed, losses[0], losses.max(), losses[-1], rises), curvature

    for (rate, _), (row, curvature) in zip(
        runs, context.executor.map(one_training, runs), strict=True
    ):
        rows.append(row)
        curvatures += [curvature] if rate == lowest else []
        figures = {"done": float(len(rows)), "total": float(len(runs))}
        context.progress(f"{len(rows)} of {len(runs)} trainings", figures)
    names = ("learning_rate", "seed", "first", "highest", "last", "rises")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    pq.write_table(pa.table(columns), folder / "learning_rates.parquet")
    _write_json({"curvature": curvatures}, folder / "curvature.json")
    return {"rows": len(runs)}


def try_initial_weights(
    *, points: Path, network: Network, initial_weights: InitialWeights, folder: Path,
    context: Context,
) -> dict[str, Any]:  # fmt: skip
    """Train from zero, Xavier and He weights, each under ReLU and sigmoid.

    Writes ``losses.parquet`` (``activation``, ``init`` string, ``epoch`` int32, ``loss`` double)
    and ``units.json``, for each activation and init: ``distinct_units`` of the first hidden layer
    after training, its ``units``, and the names of the layers' parts that ``moved``. ``rows`` is
    the number of trainings.
    """
    data = read_points(points / POINTS_FILE)
    tables, outcomes = [], []
    trainings = len(STUDIED_ACTIVATIONS) * len(STUDIED_INITS)
    for activation in STUDIED_ACTIVATIONS:
        for init in STUDIED_INITS:
            net = build_network(network.hidden, activation, init, initial_weights.seed)
            start = [(layer.W, layer.b) for layer in net.linear]
            history = train_network(
                net, data, initial_weights.epochs, initial_weights.learning_rate,
                initial_weights.batch_size, context,
            ).epochs  # fmt: skip
            tables.append(_loss_table(activation, init, history))
            outcomes.append(
                {
                    "activation": activation,
                    "init": init,
                    "units": network.hidden[0],
                    "distinct_units": distinct_units(net),
                    "moved": _changed_parts(net, start),
                    "first": float(history[0]),
                    "last": float(history[-1]),
                }
            )
            figures = {"done": float(len(outcomes)), "total": float(trainings)}
            context.progress(f"{activation} from {init}", figures)
    pq.write_table(pa.concat_tables(tables), folder / "losses.parquet")
    _write_json(outcomes, folder / "units.json")
    return {"rows": len(outcomes)}


def distinct_units(net: Sequential) -> int:
    """Return how many units of the first hidden layer differ."""
    first, second = net.linear[0], net.linear[1]
    units = np.column_stack([first.W.T, first.b, second.W])
    return len(np.unique(units.round(EQUAL_DIGITS) + 0.0, axis=0))  # + 0.0 makes −0 a 0


def _changed_parts(net: Sequential, start: list[tuple[Any, Any]]) -> list[str]:
    """Return the weights and biases (``W1``, ``b1``) that training changed."""
    changed = []
    for number, (layer, (W, b)) in enumerate(zip(net.linear, start, strict=True), start=1):
        changed += [f"W{number}"] if not np.array_equal(layer.W, W) else []
        changed += [f"b{number}"] if not np.array_equal(layer.b, b) else []
    return changed


def _loss_table(activation: str, init: str, losses: Any) -> pa.Table:
    epochs = np.arange(1, len(losses) + 1, dtype=np.int32)
    return pa.table(
        {
            "activation": [activation] * len(losses),
            "init": [init] * len(losses),
            "epoch": epochs,
            "loss": losses,
        }
    )


def _figures(net: Sequential, points: Points) -> dict[str, float]:
    accuracy = float((net.predict(points.X) == points.y).mean())
    return {"loss": net.loss(points.X, points.y), "accuracy": accuracy}


def _write_json(content: Any, path: Path) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")
