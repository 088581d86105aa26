"""Predict every row and measure each split: the stage ``evaluate``.

model ────────────┐
features (parts) ─┴─▶ predictions.parquet (a row each) ─▶ metrics.json (train, validation, test)
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.evaluation.metrics import split_metrics
from reviewflow.features.dataset import Part, read_part
from reviewflow.networks.model import Csr, Network, load_network
from reviewflow.reviews.split import SPLITS

ROWS_AT_ONCE = 2048  # 4 MB of outputs in a layer of 512 units


def evaluate_network(
    *, model: Path, features: tuple[Path, ...], folder: Path, context: Context
) -> dict[str, Any]:
    """Predict every row and measure each split.

    Writes ``predictions.parquet`` and ``metrics.json`` into ``folder``.

    Parameters
    ----------
    model : folder with ``model.safetensors`` and ``model.json``.
    features : folders with ``features.parquet``, one a part.

    Returns
    -------
    dict
        ``rows``: the number of rows predicted.

    Raises
    ------
    StoreError
        If the model cannot be read, or a row has a term that the model does not know.
    Cancelled
        If the run was stopped.
    """
    torch.set_num_threads(1)  # sums shared by threads would differ every time
    network = load_network(model)
    parts = [read_part(part, network.terms) for part in features]
    labels = np.concatenate([np.zeros(0, np.float32), *(part.labels for part in parts)])
    split = np.concatenate([np.zeros(0, np.int8), *(part.split for part in parts)])
    probability = [np.zeros(0, np.float32)]
    for number, part in enumerate(parts):
        context.progress("predicting", {"done": number, "total": len(parts)})
        probability.append(probabilities(network, part, context))
    predicted = np.concatenate(probability)
    pq.write_table(predictions_table(labels, split, predicted), folder / "predictions.parquet")
    metrics = {
        name: split_metrics(labels[split == number], predicted[split == number])
        for number, name in enumerate(SPLITS)
        if name != "validation" or (split == number).any()
    }
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    return {"rows": len(predicted)}


def probabilities(network: Network, part: Part, context: Context) -> NDArray[np.float32]:
    """Return P(positive) of each row of a part, float32, shape (N,)."""
    pieces = [np.zeros(0, np.float32)]
    with torch.no_grad():
        for start in range(0, len(part.labels), ROWS_AT_ONCE):
            context.check_stop()
            pieces.append(torch.sigmoid(network(rows_between(part, start))).numpy())
    return np.concatenate(pieces)


def rows_between(part: Part, start: int) -> Csr:
    """Return up to ``ROWS_AT_ONCE`` rows of a part from row ``start`` on."""
    indptr = part.indptr[start : start + ROWS_AT_ONCE + 1]
    entries = slice(int(indptr[0]), int(indptr[-1]))
    return Csr(
        torch.from_numpy(indptr - indptr[0]),
        torch.from_numpy(part.indices[entries].astype(np.int64)),
        torch.tensor(part.values[entries]),
    )


def predictions_table(
    labels: NDArray[np.float32], split: NDArray[np.int8], predicted: NDArray[np.float32]
) -> pa.Table:
    """Return ``split``, ``label`` (or null) and ``probability`` of each row."""
    splits = pa.DictionaryArray.from_arrays(pa.array(split), pa.array(SPLITS))
    missing = np.isnan(labels)
    label = pa.array(np.where(missing, 0, labels).astype(np.int8), mask=missing)
    return pa.table({"split": splits, "label": label, "probability": predicted})
