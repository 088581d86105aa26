"""Draw small charts of gradients and of dead, saturated and equal units.

The diagnosis cites them.

history.parquet (one a model) ─ epochs ─ mean over seeds ─▶ a line a variant in each chart
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.reporting.charts.axes import add_axes, draw_variant_line, finite_values, limit_ticks
from reviewflow.reporting.charts.svg import render_svg
from reviewflow.store.parquet import read_parquet

SMALLEST = 1e-6  # a gradient of zero has no place on a logarithmic axis


@dataclass(frozen=True)
class Measure:
    """One chart.

    Attributes
    ----------
    name : name of its file.
    column : column of the history, with one figure a layer.
    summary : turns the figures of a model's layers into one.
    axis, title : labels of the chart.
    logarithmic : whether the axis of the figure is.
    """

    name: str
    column: str
    summary: Callable[[Sequence[float]], float]
    axis: str
    title: str
    logarithmic: bool


@dataclass(frozen=True)
class LayerCurve:
    """A figure of one variant by epoch: float64, shape (E,)."""

    variant: int
    epochs: NDArray[np.float64]
    values: NDArray[np.float64]


def first_layer(layers: Sequence[float]) -> float:
    """Return the figure of the layer that reads the features."""
    return float(layers[0]) if layers else float("nan")


def worst_layer(layers: Sequence[float]) -> float:
    """Return the largest of the hidden layers' figures."""
    return float(max(layers)) if layers else float("nan")


MEASURES = (
    Measure(
        "gradients",
        "gradient_norms",
        first_layer,
        "norm",
        "Norm of the first layer's gradient",
        True,
    ),
    Measure(
        "dead",
        "dead_shares",
        worst_layer,
        "share of units",
        "Dead units: share that is 0 for every row of a sample",
        False,
    ),
    Measure(
        "saturated",
        "saturated_shares",
        worst_layer,
        "share of units",
        "Saturated units: share whose slope has all but vanished",
        False,
    ),
    Measure(
        "distinct",
        "distinct_units",
        first_layer,
        "units",
        "Distinct units of the first hidden layer",
        True,
    ),
)


def layer_charts(
    models: Sequence[Path], variants: Sequence[int], lines: Mapping[int, int]
) -> dict[str, str]:
    """Return an SVG of each measure that varies in the histories, by name.

    Parameters
    ----------
    models : folders with ``history.parquet``, one a model.
    variants : number of each model's variant.
    lines : of the palette, by number of the variant; a variant without one is grey.
    """
    charts = {}
    for measure in MEASURES:
        curves = _layer_curves(models, variants, measure)
        values = {value for curve in curves for value in finite_values(curve.values).tolist()}
        if len(values) > 1:
            charts[measure.name] = _layer_chart(measure, curves, lines)
    return charts


def _layer_curves(
    models: Sequence[Path], variants: Sequence[int], measure: Measure
) -> list[LayerCurve]:
    """Return the mean over the seeds of each variant."""
    by_variant: dict[int, list[LayerCurve]] = {}
    for model, variant in zip(models, variants, strict=True):
        path = model / "history.parquet"
        if measure.column not in pq.read_schema(path).names:
            continue
        table = read_parquet(path, columns=["epoch", "kind", measure.column])
        table = table.filter(pc.equal(table["kind"].cast("string"), "epoch"))
        values = [measure.summary(layers or ()) for layers in table[measure.column].to_pylist()]
        epochs = table["epoch"].to_numpy().astype(np.float64)
        curve = LayerCurve(variant, epochs, np.array(values, np.float64))
        by_variant.setdefault(variant, []).append(curve)
    return [_mean_curve(variant, seeds) for variant, seeds in by_variant.items()]


def _mean_curve(variant: int, seeds: list[LayerCurve]) -> LayerCurve:
    """Return the mean over the epochs that all seeds have.

    One of them may have stopped early.
    """
    shared = min(len(seed.epochs) for seed in seeds)
    means = np.mean([seed.values[:shared] for seed in seeds], axis=0)
    return LayerCurve(variant, seeds[0].epochs[:shared], means)


def _layer_chart(measure: Measure, curves: list[LayerCurve], lines: Mapping[int, int]) -> str:
    def draw(figure: Any) -> None:
        axes = add_axes(figure, (0.24, 0.22, 0.73, 0.74), "epoch", measure.axis)
        if measure.logarithmic:
            axes.set_yscale("log")
        for curve in curves:
            values = np.maximum(curve.values, SMALLEST if measure.logarithmic else 0)
            draw_variant_line(axes, lines.get(curve.variant), curve.epochs, values, 2.2)
        limit_ticks(axes.xaxis, 5, whole=True)
        if measure.logarithmic:
            axes.minorticks_off()
            axes.yaxis.set_major_formatter("{x:g}")
            low, high = axes.get_ylim()
            if high / low < 10:
                axes.set_ylim(low / 3, high * 3)
        else:
            highest = max(float(value) for c in curves for value in finite_values(c.values))
            axes.set_ylim(0, 1.06 * max(highest, 1e-3))  # a line at the top has room for its width
            limit_ticks(axes.yaxis, 4)

    lasts = [float(curve.values[-1]) for curve in curves if len(curve.values)]
    return render_svg(
        measure.name,
        (500, 330),
        draw,
        title=measure.title,
        description=f"One line a variant, over the epochs; at the end between {min(lasts):.3g} "
        f"and {max(lasts):.3g}.",
    )
