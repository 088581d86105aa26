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

from reviewflow.context import Context
from reviewflow.evaluation.diagnosis import class_entropy
from reviewflow.evaluation.predictions import read_labelled_rows
from reviewflow.evaluation.selection import Choice
from reviewflow.reporting.charts.best import draw_best
from reviewflow.reporting.charts.class_counts import ClassCounts, class_chart
from reviewflow.reporting.charts.layers import layer_charts
from reviewflow.reporting.charts.loss import LossCurve, highest_loss, loss_chart
from reviewflow.reporting.charts.palette import variant_lines
from reviewflow.reviews.split import SPLITS
from reviewflow.store.parquet import read_parquet


def draw_charts(
    *,
    models: tuple[Path, ...],
    evaluations: tuple[Path, ...],
    variants: tuple[int, ...],
    reviews: tuple[Path, ...],
    splits: tuple[Path, ...],
    class_names: tuple[str, ...],
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
    class_names : what people call each of the K classes
    best : the variant that was chosen, and the model that represents it

    Returns
    -------
    dict
        ``rows``: the number of reviews counted.

    Notes
    -----
    ``charts.json`` holds ``class_names``, ``classes`` (rows by split and class name), ``missing``
    (rows without a label by split), ``best`` (a variant's number or null), ``lines`` (of the
    palette, by number of the variant; without one it is grey), ``groups`` (numbers of the variants
    in the loss chart), ``last_losses`` (of each of those, the mean over its seeds of the last
    epoch's loss, null where it is not finite), ``cut_off`` (whether a loss is outside that chart)
    and ``highest_loss`` (where it ends). Of the best variant it holds ``calibration`` and
    ``confusions``, as :func:`reviewflow.reporting.charts.best.draw_best` returns them.
    """
    counts = _counts(reviews, splits, class_names)
    _write(folder / "classes.svg", class_chart(counts))
    context.check_stop()

    curves = tuple(
        _loss_curve(model, number) for model, number in zip(models, variants, strict=True)
    )
    lines = variant_lines(best.ranking or sorted(set(variants)))
    if curves:
        guessing = class_entropy(*counts.rows["train"])
        _write(
            folder / "loss.svg", loss_chart(curves, best.variant, guessing, len(class_names), lines)
        )
    for name, chart in layer_charts(models, variants, lines).items():
        _write(folder / f"{name}.svg", chart)
    context.check_stop()
    numbers = {**_numbers(counts, curves, best.variant), "lines": lines}
    if best.model is not None:
        evaluation = evaluations[best.model]
        test, train = (read_labelled_rows(evaluation, split) for split in ("test", "train"))
        figures = _json(evaluation / "metrics.json")["test"]
        charts, of_best = draw_best(test, train, figures, class_names)
        for name, chart in charts.items():
            _write(folder / f"{name}.svg", chart)
        numbers |= of_best
    _write(folder / "charts.json", json.dumps(numbers, indent=1) + "\n")
    return {"rows": counts.total}


def _counts(
    reviews: tuple[Path, ...], splits: tuple[Path, ...], class_names: tuple[str, ...]
) -> ClassCounts:
    """Return the rows by split and class."""
    counts = np.zeros((len(SPLITS), len(class_names) + 1), np.int64)  # the last column: no label
    for review, split in zip(reviews, splits, strict=True):
        labels = read_parquet(review / "reviews.parquet", columns=["label"])["label"]
        names = read_parquet(split / "split.parquet", columns=["split"])["split"]
        known = pc.fill_null(labels, len(class_names)).to_numpy()
        for number, name in enumerate(SPLITS):
            own = known[pc.equal(names.cast(pa.string()), name).to_numpy()]
            counts[number] += np.bincount(own, minlength=counts.shape[1])
    rows = {
        name: own.tolist()
        for name, own in zip(SPLITS, counts, strict=True)
        if name != "validation" or own.any()
    }
    return ClassCounts(
        class_names,
        {split: own[:-1] for split, own in rows.items()},
        {split: own[-1] for split, own in rows.items()},
    )


def _loss_curve(model: Path, variant: int) -> LossCurve:
    history = read_parquet(model / "history.parquet", columns=["epoch", "kind", "loss"])
    kinds = history["kind"].cast(pa.string())
    epochs = history.filter(pc.equal(kinds, "epoch"))
    return LossCurve(
        variant,
        epochs["epoch"].to_numpy().astype(np.float64),
        epochs["loss"].to_numpy().astype(np.float64),
    )


def _numbers(
    counts: ClassCounts, curves: tuple[LossCurve, ...], best: int | None
) -> dict[str, Any]:
    variants = sorted({curve.variant for curve in curves})
    highest = highest_loss(len(counts.names))
    return {
        "class_names": list(counts.names),
        "classes": {
            split: dict(zip(counts.names, rows, strict=True)) for split, rows in counts.rows.items()
        },
        "missing": dict(counts.missing),
        "best": best,
        "groups": variants,
        "last_losses": [_last_loss(curves, variant) for variant in variants],
        "cut_off": any(not bool((curve.losses <= highest).all()) for curve in curves),
        "highest_loss": highest,
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
