"""Train a variant on shares of its rows: the stage ``learning_curve``.

training rows ─ shuffle ─▶ first 10 %, 30 %, … all ─ train each ─▶ accuracy on the other rows

A curve that still rises at its end says that more labels would help.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from reviewflow.config.sections import LearningCurve, Select, Train
from reviewflow.context import Context
from reviewflow.evaluation.intervals import Spread, share_interval
from reviewflow.features.dataset import FeatureDataset, RowSource, load_dataset
from reviewflow.networks.early_stopping import predict_logits
from reviewflow.networks.fit import fit_network


def measure_learning_curve(
    *,
    features: tuple[Path, ...],
    vocabulary: Path,
    train: Train,
    select: Select,
    learning_curve: LearningCurve,
    classes: int,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Write the accuracy of a variant trained on shares of its rows.

    ``curve.json`` holds ``on`` (the split whose rows are predicted), ``rows`` (how many of them)
    and ``points``: ``share``, ``rows`` (training rows), ``accuracy``, ``low`` and ``high`` (its
    95 % interval over the predicted rows). The last point is that of all training rows.

    The rows of a smaller share are among those of a larger one. The vocabulary is that of all
    training rows, so small shares look a little better than they are. A share without a row of
    each class is left out.

    Parameters
    ----------
    features : folders with ``features.parquet``, one a part.
    vocabulary : folder with ``vocabulary.parquet``.
    train : settings of the variant.
    select : its ``on`` says which rows are predicted.
    learning_curve : the shares.
    classes : K, the number of classes.

    Returns
    -------
    dict
        ``rows``: the number of points.
    """
    terms = pq.read_metadata(vocabulary / "vocabulary.parquet").num_rows
    dataset = load_dataset(features, terms, train.shuffle_buffer)
    order = np.random.default_rng(train.seed).permutation(dataset.train.rows)
    points = []
    for share in sorted({*learning_curve.shares, 1.0}):
        rows = dataset.train.subset(np.sort(order[: round(share * len(order))]))
        if len(np.unique(rows.labels)) == classes:
            points.append(
                {"share": share, **_point(rows, dataset, train, select, classes, context)}
            )
    predicted = judged_rows(dataset, select).rows
    content = {"on": select.on, "rows": predicted, "points": points}
    (folder / "curve.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return {"rows": len(points)}


def _point(
    rows: RowSource,
    dataset: FeatureDataset,
    train: Train,
    select: Select,
    classes: int,
    context: Context,
) -> dict[str, Any]:
    """Return the training rows of a point, and the accuracy that they reach."""
    judged = judged_rows(dataset, select)
    if not judged.rows:
        return {"rows": rows.rows, "accuracy": None, "low": None, "high": None}
    network, _ = fit_network(rows, dataset.terms, train, context, classes, dataset.validation)
    accuracy = float(np.mean(predict_logits(network, judged).argmax(axis=1) == judged.labels))
    spread = Spread(accuracy * (1 - accuracy) / judged.rows)
    low, high = share_interval(accuracy, judged.rows, spread)
    return {"rows": rows.rows, "accuracy": accuracy, "low": low, "high": high}


def judged_rows(dataset: FeatureDataset, select: Select) -> RowSource:
    """Return the rows on which variants are compared."""
    return dataset.validation if select.on == "validation" else dataset.test
