"""Draw ROC curves: of two classes on two splits, or of each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.reporting.charts.axes import add_axes, short_label
from reviewflow.reporting.charts.palette import (
    INK,
    MUTED,
    NEGATIVE,
    POSITIVE,
    class_colour,
    line_style,
)
from reviewflow.reporting.charts.svg import render_svg

MOST_CURVES = 6  # classes, after which the lines cannot be told apart


@dataclass(frozen=True)
class RocCurve:
    """Shares of false and true positives over T thresholds, and the AUC.

    The shares are float64, shape (T,).
    """

    false_positive_share: NDArray[np.float64]
    true_positive_share: NDArray[np.float64]
    area: float


def roc_curve_of(is_class: NDArray[np.bool_], scores: NDArray[np.float32]) -> RocCurve | None:
    """Return the curve of rows that belong to a class or not.

    None if all do, or none does.
    """
    from sklearn.metrics import auc, roc_curve

    if is_class.all() or not is_class.any():
        return None
    false_share, true_share, _ = roc_curve(is_class, scores)
    return RocCurve(false_share, true_share, float(auc(false_share, true_share)))


def roc_chart(test: RocCurve, train: RocCurve | None, names: tuple[str, str]) -> str:
    """Return the chart of the ROC curves on test and training rows.

    Parameters
    ----------
    names : of the two classes.
    """
    first, second = (short_label(name, 18) for name in names)

    def draw(figure: Any) -> None:
        axes = _square_axes(figure, f"false positives, share of {first} rows",
            f"true positives, share of {second} rows")  # fmt: skip
        axes.text(0.44, 0.40, "guessing", color=MUTED, va="top")
        if train is not None:
            axes.plot(
                train.false_positive_share, train.true_positive_share, color=NEGATIVE,
                linewidth=2, linestyle=(0, line_style(1).dashes), label=f"train, {train.area:.3f}",
            )  # fmt: skip
        axes.plot(
            test.false_positive_share, test.true_positive_share, color=POSITIVE, linewidth=2.6,
            label=f"test, {test.area:.3f}",
        )  # fmt: skip
        handles, labels = axes.get_legend_handles_labels()
        add_area_legend(axes, handles[::-1], labels[::-1])
        axes.set(xlim=(0, 1), ylim=(0, 1.005), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))

    other = f" On the training rows it is {train.area:.3f}." if train is not None else ""
    return render_svg(
        "roc",
        (500, 500),
        draw,
        title="ROC curve of the best variant",
        description=f"The area under the curve is {test.area:.3f} on the test rows.{other}",
    )


def class_roc_chart(curves: dict[int, RocCurve], names: tuple[str, ...]) -> str:
    """Return the chart of each class against all others, on the test rows.

    Parameters
    ----------
    curves : by number of the class; a class without test rows has none.
    """

    def draw(figure: Any) -> None:
        axes = _square_axes(figure, "false positives, share of all others",
            "true positives, share of the class")  # fmt: skip
        axes.text(0.66, 0.70, "guessing", color=MUTED, ha="right")
        for number, curve in curves.items():
            axes.plot(
                curve.false_positive_share, curve.true_positive_share, linewidth=2.2,
                color=class_colour(number, len(names)),
                linestyle=(0, line_style(number).dashes) if line_style(number).dashes else "-",
                label=f"{curve.area:.3f}  {short_label(names[number], 14)}",
            )  # fmt: skip
        handles, labels = axes.get_legend_handles_labels()
        add_area_legend(axes, handles, labels)
        axes.set(xlim=(0, 1), ylim=(0, 1.005), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))

    areas = "; ".join(
        f"{short_label(names[k], 60)} {curve.area:.3f}" for k, curve in curves.items()
    )
    return render_svg(
        "roc",
        (500, 500),
        draw,
        title="ROC curves of the best variant, each class against all others",
        description=f"Areas under the curves on the test rows: {areas}.",
    )


def _square_axes(figure: Any, x_label: str, y_label: str) -> Any:
    """Return axes with the diagonal of guessing."""
    axes = add_axes(figure, (0.16, 0.155, 0.79, 0.815), x_label, y_label)
    axes.xaxis.label.set_parse_math(False)
    axes.yaxis.label.set_parse_math(False)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1)
    return axes


def add_area_legend(
    axes: Any,
    handles: list[Any],
    labels: list[str],
    title: str = "area under the curve",
    place: str = "lower right",
) -> None:
    """Add the legend of curves, whose labels have their areas."""
    legend = axes.legend(
        handles, labels, title=title, loc=place,
        frameon=False, labelcolor=INK, alignment="left", borderaxespad=0.2,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    legend.get_title().set_color(INK)
