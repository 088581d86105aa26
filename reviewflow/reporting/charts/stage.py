"""Draw the charts of a report, whose bytes depend only on what they show.

    reviews, splits ─▶ classes.svg
    models ──────────▶ loss.svg, and gradients, dead, saturated, distinct
    evaluations ─────▶ roc.svg, confusion.svg, calibration.svg
                       └─▶ charts.json: the numbers behind them

A chart knows variants by number alone, so renaming one draws no chart again. The page writes the
names beside them.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.evaluation.diagnosis import class_entropy
from reviewflow.evaluation.selection import Choice
from reviewflow.reporting.charts.calibration import calibration_chart, calibration_curve
from reviewflow.reporting.charts.layers import layer_charts
from reviewflow.reporting.charts.main import (
    HIGHEST_LOSS,
    LossCurve,
    RocCurve,
    class_chart,
    confusion_chart,
    loss_chart,
    roc_chart,
)
from reviewflow.reviews.split import SPLITS
from reviewflow.store.parquet import read_parquet


def draw_charts(
    *,
    models: tuple[Path, ...],
    evaluations: tuple[Path, ...],
    variants: tuple[int, ...],
    reviews: tuple[Path, ...],
    splits: tuple[Path, ...],
    best: Choice,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Draw the charts that have content, and write the numbers behind them.

    Parameters
    ----------
    models : folders with ``history.parquet``, one a trained model
    evaluations : folders with ``predictions.parquet`` and ``metrics.json``, one a model
    variants : number of each model's variant; several seeds of one variant share it
    reviews, splits : folders with ``reviews.parquet`` and ``split.parquet``, one a part
    best : the variant that was chosen, and the model that represents it

    Returns
    -------
    dict
        ``rows``: the number of reviews counted.

    Notes
    -----
    ``charts.json`` holds ``classes`` (rows by split and class), ``best`` (a variant's number or
    null), ``groups`` (numbers of the variants in the loss chart), ``last_losses`` (of each of
    those, the mean over its seeds of the last epoch's loss, null where it is not finite) and
    ``cut_off`` (whether a loss is outside that chart).
    """
    counts = _counts(reviews, splits)
    _write(folder / "classes.svg", class_chart(counts))
    context.check_stop()

    metrics = [_json(evaluation / "metrics.json") for evaluation in evaluations]
    curves = tuple(
        _loss_curve(model, number) for model, number in zip(models, variants, strict=True)
    )
    if curves:
        guessing = class_entropy(counts["train"]["negative"], counts["train"]["positive"])
        _write(folder / "loss.svg", loss_chart(curves, best.variant, guessing))
    for name, chart in layer_charts(models, variants).items():
        _write(folder / f"{name}.svg", chart)
    context.check_stop()
    if best.model is not None:
        _draw_best(evaluations[best.model], metrics[best.model], folder)
    numbers = _numbers(counts, curves, best.variant)
    _write(folder / "charts.json", json.dumps(numbers, indent=1) + "\n")
    return {"rows": sum(sum(labels.values()) for labels in counts.values())}


def _counts(reviews: tuple[Path, ...], splits: tuple[Path, ...]) -> dict[str, dict[str, int]]:
    """Return the rows by split and class.

    ``missing`` counts the rows without a label.
    """
    counts = {split: {"negative": 0, "positive": 0, "missing": 0} for split in SPLITS}
    for review, split in zip(reviews, splits, strict=True):
        labels = read_parquet(review / "reviews.parquet", columns=["label"])["label"]
        sides = read_parquet(split / "split.parquet", columns=["split"])["split"]
        part = pa.table({"label": labels, "split": sides.cast(pa.string())})
        totals = part.group_by(["split", "label"]).aggregate([([], "count_all")]).to_pylist()
        for total in totals:
            label = {0: "negative", 1: "positive"}.get(total["label"], "missing")
            counts[total["split"]][label] += total["count_all"]
    return {
        split: labels
        for split, labels in counts.items()
        if split != "validation" or any(labels.values())
    }


def _loss_curve(model: Path, variant: int) -> LossCurve:
    history = read_parquet(model / "history.parquet", columns=["epoch", "kind", "loss"])
    kinds = history["kind"].cast(pa.string())
    epochs = history.filter(pc.equal(kinds, "epoch"))
    return LossCurve(
        variant,
        epochs["epoch"].to_numpy().astype(np.float64),
        epochs["loss"].to_numpy().astype(np.float64),
    )


def _draw_best(evaluation: Path, metrics: dict[str, Any], folder: Path) -> None:
    predictions = read_parquet(evaluation / "predictions.parquet")
    labels, probabilities = _labelled_rows(predictions, "test")
    test, train = _roc_curve(predictions, "test"), _roc_curve(predictions, "train")
    if test is not None:
        _write(folder / "roc.svg", roc_chart(test, train))
        curve = calibration_curve(labels, probabilities)
        _write(folder / "calibration.svg", calibration_chart(curve))
    confusion = metrics["test"]["confusion"]
    _write(
        folder / "confusion.svg",
        confusion_chart(confusion["tn"], confusion["fp"], confusion["fn"], confusion["tp"]),
    )


def _roc_curve(predictions: pa.Table, split: str) -> RocCurve | None:
    """Return the curve of a split's labelled rows.

    None if they hold one class only.
    """
    from sklearn.metrics import auc, roc_curve

    labels, probabilities = _labelled_rows(predictions, split)
    if len(np.unique(labels)) < 2:
        return None
    false_share, true_share, _ = roc_curve(labels, probabilities)
    return RocCurve(false_share, true_share, float(auc(false_share, true_share)))


def _labelled_rows(
    predictions: pa.Table, split: str
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return labels and probabilities of the labelled rows of one split."""
    mine = pc.equal(predictions["split"].cast(pa.string()), split)
    rows = predictions.filter(pc.and_(mine, pc.is_valid(predictions["label"])))
    return rows["label"].to_numpy(), rows["probability"].to_numpy()


def _numbers(
    counts: dict[str, dict[str, int]], curves: tuple[LossCurve, ...], best: int | None
) -> dict[str, Any]:
    variants = sorted({curve.variant for curve in curves})
    return {
        "classes": counts,
        "best": best,
        "groups": variants,
        "last_losses": [_last_loss(curves, variant) for variant in variants],
        "cut_off": any(not bool((curve.losses <= HIGHEST_LOSS).all()) for curve in curves),
    }


def _last_loss(curves: tuple[LossCurve, ...], variant: int) -> float | None:
    own = [curve for curve in curves if curve.variant == variant]
    lasts = [float(curve.losses[-1]) for curve in own if curve.losses.size]
    return math.fsum(lasts) / len(lasts) if lasts and all(map(math.isfinite, lasts)) else None


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
