"""Small charts of what the diagnosis cites: gradients, dead and saturated units, units alike.

history.parquet (one a model) ─ epochs ─ mean over seeds ─▶ a line a variant in each chart
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.reporting.charts.axes import clear_axes, few_ticks, finite, variant_line
from reviewflow.reporting.charts.svg import drawn
from reviewflow.store.parquet import read_parquet

SMALLEST = 1e-6  # a gradient of zero has no place on a logarithmic axis


@dataclass(frozen=True)
class Measure:
    """One chart: its file's name, the history's column, how a model's layers become one number."""

    name: str
    column: str
    told: Callable[[Sequence[float]], float]
    axis: str
    title: str
    logarithmic: bool


@dataclass(frozen=True)
class Course:
    """A figure of one variant, epoch by epoch; float64, shape (E,)."""

    group: int
    epochs: NDArray[np.float64]
    values: NDArray[np.float64]


def first_layer(layers: Sequence[float]) -> float:
    """The figure of the layer that the words go into."""
    return float(layers[0]) if layers else float("nan")


def worst_layer(layers: Sequence[float]) -> float:
    """The largest of the hidden layers' figures."""
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


def evidence_charts(models: Sequence[Path], groups: Sequence[int]) -> dict[str, str]:
    """SVG by name of each measure that the histories hold and that is not the same throughout."""
    charts = {}
    for measure in MEASURES:
        courses = _courses(models, groups, measure)
        values = {value for course in courses for value in finite(course.values).tolist()}
        if len(values) > 1:
            charts[measure.name] = _chart(measure, courses)
    return charts


def _courses(models: Sequence[Path], groups: Sequence[int], measure: Measure) -> list[Course]:
    """The mean over the seeds of each variant."""
    found: dict[int, list[Course]] = {}
    for model, group in zip(models, groups, strict=True):
        path = model / "history.parquet"
        if measure.column not in pq.read_schema(path).names:
            continue
        table = read_parquet(path, columns=["epoch", "kind", measure.column])
        table = table.filter(pc.equal(table["kind"].cast("string"), "epoch"))
        values = [measure.told(layers or ()) for layers in table[measure.column].to_pylist()]
        epochs = table["epoch"].to_numpy().astype(np.float64)
        found.setdefault(group, []).append(Course(group, epochs, np.array(values, np.float64)))
    return [
        Course(group, seeds[0].epochs, np.mean([seed.values for seed in seeds], axis=0))
        for group, seeds in found.items()
    ]


def _chart(measure: Measure, courses: list[Course]) -> str:
    def draw(figure: Any) -> None:
        axes = clear_axes(figure, (0.24, 0.22, 0.73, 0.74), "epoch", measure.axis)
        if measure.logarithmic:
            axes.set_yscale("log")
        for course in courses:
            values = np.maximum(course.values, SMALLEST if measure.logarithmic else 0)
            variant_line(axes, course.group, course.epochs, values, 2.2)
        few_ticks(axes.xaxis, 5, whole=True)
        if measure.logarithmic:
            axes.minorticks_off()
            axes.yaxis.set_major_formatter("{x:g}")
            low, high = axes.get_ylim()
            if high / low < 10:
                axes.set_ylim(low / 3, high * 3)
        else:
            axes.set_ylim(0, max([1e-3, *(float(v) for c in courses for v in finite(c.values))]))
            few_ticks(axes.yaxis, 4)

    lasts = [float(course.values[-1]) for course in courses if len(course.values)]
    return drawn(
        measure.name,
        (500, 330),
        draw,
        title=measure.title,
        description=f"One line a variant, over the epochs; at the end between {min(lasts):.3g} "
        f"and {max(lasts):.3g}.",
    )
