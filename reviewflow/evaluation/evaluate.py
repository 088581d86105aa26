"""Predict every row and measure each split: the stage ``evaluate``.

model ────────────┐
features (parts) ─┴─▶ predictions.parquet (a row each) ─ threshold ─▶ metrics.json (a split each)
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.errors import ConfigError
from reviewflow.evaluation.metrics import THRESHOLD, split_metrics
from reviewflow.evaluation.thresholds import cost_threshold, f1_threshold
from reviewflow.features.feature_parts import Part, read_part
from reviewflow.networks.compiled_layers import copy_layers
from reviewflow.networks.forward import predict_blocks
from reviewflow.networks.model import Network, load_network
from reviewflow.reviews.split import SPLITS, VALIDATION


def evaluate_network(
    *,
    model: Path,
    features: tuple[Path, ...],
    threshold: float | str,
    costs: Mapping[str, float],
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Predict every row and measure each split.

    Writes ``predictions.parquet`` and ``metrics.json`` into ``folder``.

    Parameters
    ----------
    model : folder with ``model.safetensors`` and ``model.json``.
    features : folders with ``features.parquet``, one a part.
    threshold, costs : settings of the same name. A threshold other than 0.5 is in ``metrics.json``
        with the figures of each split.

    Returns
    -------
    dict
        ``rows``: the number of rows predicted.

    Raises
    ------
    ConfigError
        If the threshold cannot be chosen: more than two classes, no labelled validation row, or a
        network that diverged.
    StoreError
        If the model cannot be read, or a row has a term that the model does not know.
    Cancelled
        If the run was stopped.
    """
    network = load_network(model)
    labels, split, predicted = predict_parts(network, features, context)
    pq.write_table(predictions_table(labels, split, predicted), folder / "predictions.parquet")
    metrics = measure_splits(labels, split, predicted, (threshold, costs))
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    return {"rows": len(predicted)}


def predict_parts(
    network: Network, features: tuple[Path, ...], context: Context
) -> tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float32]]:
    """Return labels, splits and probabilities of all rows, part by part.

    No more than one part is in memory.
    """
    labels, split, predicted = [np.zeros(0, np.float32)], [np.zeros(0, np.int8)], []
    for number, folder in enumerate(features):
        context.progress("predicting", {"done": number, "total": len(features)})
        part = read_part(folder, network.terms)
        labels.append(part.labels.copy())  # a view would keep the part
        split.append(part.split.copy())
        predicted.append(probabilities(network, part, context))
    return np.concatenate(labels), np.concatenate(split), np.concatenate(predicted)


def measure_splits(
    labels: NDArray[np.float32],
    split: NDArray[np.int8],
    predicted: NDArray[np.float32],
    rule: tuple[float | str, Mapping[str, float]],
) -> dict[str, Any]:
    """Return the metrics of the splits.

    Without validation rows there are no figures of them.

    Parameters
    ----------
    rule : the settings ``select.threshold`` and ``select.costs``.
    """
    chosen = choose_threshold(*rule, labels[split == VALIDATION], predicted[split == VALIDATION])
    stated = {} if rule[0] == THRESHOLD else {"threshold": chosen}
    return {
        name: split_metrics(labels[split == number], predicted[split == number], chosen) | stated
        for number, name in enumerate(SPLITS)
        if name != "validation" or (split == number).any()
    }


def choose_threshold(
    threshold: float | str,
    costs: Mapping[str, float],
    labels: NDArray[np.float32],
    predicted: NDArray[np.float32],
) -> float:
    """Return the threshold of one model, chosen on the validation rows.

    It is 0.5 where the network diverged, since then there is nothing to choose by.

    Parameters
    ----------
    threshold, costs : the settings ``select.threshold`` and ``select.costs``.
    labels, predicted : of the validation rows, shapes (N,) and, for two classes, (N,).

    Raises
    ------
    ConfigError
        If there is more than one probability a row, or no labelled row.
    """
    if threshold == THRESHOLD:
        return THRESHOLD
    if predicted.ndim > 1:
        raise ConfigError(
            f"select.threshold: {threshold} needs two classes, and there are "
            f"{predicted.shape[1]}; remove it, since the most probable class is taken."
        )
    if not isinstance(threshold, str):
        return threshold
    labelled = ~np.isnan(labels)
    if not labelled.any():
        raise ConfigError(
            f"select.threshold: {threshold} is chosen on validation rows, and no row with a label "
            "is among them; raise split.validation_size."
        )
    truth, scores = labels[labelled], predicted[labelled]
    if np.isnan(scores).any():
        return THRESHOLD
    if threshold == "best_f1":
        return f1_threshold(truth, scores)
    return cost_threshold(truth, scores, costs)


def probabilities(network: Network, part: Part, context: Context) -> NDArray[np.float32]:
    """Return the probabilities of each row of a part, float32.

    Of two classes those of class 1, shape (N,). Of more those of each class, shape (N, K).
    """
    pieces = []
    blocks = predict_blocks(
        copy_layers(network), network.activation, part.indptr, part.indices, part.values
    )
    for block in blocks:
        context.check_stop()
        pieces.append(block)
    return np.concatenate(pieces)


def predictions_table(
    labels: NDArray[np.float32], split: NDArray[np.int8], predicted: NDArray[np.float32]
) -> pa.Table:
    """Return ``split``, ``label`` (or null) and ``probability`` of each row.

    Of two classes ``probability`` is a number, of more a list of K numbers.
    """
    splits = pa.DictionaryArray.from_arrays(pa.array(split), pa.array(SPLITS))
    missing = np.isnan(labels)
    label = pa.array(np.where(missing, 0, labels).astype(np.int8), mask=missing)
    probability = pa.array(predicted.ravel())
    if predicted.ndim > 1:
        ends = np.arange(len(predicted) + 1, dtype=np.int32) * predicted.shape[1]
        probability = pa.ListArray.from_arrays(pa.array(ends), probability)
    return pa.table({"split": splits, "label": label, "probability": probability})
