"""Draw curves over every threshold, of two splits or of each class.

roc.py, precision_recall.py ─ a Curve a split or a class ─▶ lines and their legend on square axes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.reporting.charts.axes import add_axes, short_label
from reviewflow.reporting.charts.palette import INK, NEGATIVE, POSITIVE, class_colour, line_style

MOST_CURVES = 6  # classes, after which the lines cannot be told apart
SIZE = (500, 500)


@dataclass(frozen=True)
class Curve:
    """Points over T thresholds, and the figure that sums them up.

    Attributes
    ----------
    x, y : shares, float64, shape (T,).
    figure : the area under the curve, or the average precision.
    base : share of the rows that belong to the class.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    figure: float
    base: float


def square_axes(figure: Any, x_label: str, y_label: str) -> Any:
    """Return axes from 0 to 1 in both directions."""
    axes = add_axes(figure, (0.16, 0.155, 0.79, 0.815), x_label, y_label)
    axes.xaxis.label.set_parse_math(False)
    axes.yaxis.label.set_parse_math(False)
    axes.set(xlim=(0, 1), ylim=(0, 1.005), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    return axes


def draw_splits(axes: Any, test: Curve, train: Curve | None) -> None:
    """Draw the curve of the test rows, above that of the training rows."""
    if train is not None:
        axes.plot(
            train.x, train.y, color=NEGATIVE, linewidth=2,
            linestyle=(0, line_style(1).dashes), label=f"train, {train.figure:.3f}",
        )  # fmt: skip
    axes.plot(test.x, test.y, color=POSITIVE, linewidth=2.6, label=f"test, {test.figure:.3f}")


def draw_classes(axes: Any, curves: Mapping[int, Curve], names: tuple[str, ...]) -> None:
    """Draw the curve of each class against all others, in its colour."""
    for number, curve in curves.items():
        dashes = line_style(number).dashes
        axes.plot(
            curve.x, curve.y, linewidth=2.2, color=class_colour(number, len(names)),
            linestyle=(0, dashes) if dashes else "-",
            label=f"{curve.figure:.3f}  {short_label(names[number], 14)}",
        )  # fmt: skip


def add_legend(axes: Any, title: str, place: str, last_first: bool) -> None:
    """Add the legend of the curves, whose labels have their figures."""
    step = -1 if last_first else 1
    handles, labels = axes.get_legend_handles_labels()
    legend = axes.legend(
        handles[::step], labels[::step], title=title, loc=place,
        frameon=False, labelcolor=INK, alignment="left", borderaxespad=0.2,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    legend.get_title().set_color(INK)


def figures_in_words(curves: Mapping[int, Curve], names: tuple[str, ...]) -> str:
    """Return the figure of each class in one line."""
    return "; ".join(f"{short_label(names[k], 60)} {one.figure:.3f}" for k, one in curves.items())


def training_figure(train: Curve | None) -> str:
    """Return a sentence on the training rows, or nothing without them."""
    return f" On the training rows it is {train.figure:.3f}." if train is not None else ""
