"""Draw precision against recall, of two classes or of each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.reporting.charts.axes import add_axes, short_label
from reviewflow.reporting.charts.palette import MUTED, NEGATIVE, POSITIVE, class_colour, line_style
from reviewflow.reporting.charts.roc import add_area_legend
from reviewflow.reporting.charts.svg import render_svg


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Precision and recall over T thresholds.

    Attributes
    ----------
    precision, recall : float64, shape (T,).
    average : the average precision, the mean of the precision over the recall.
    base : share of the rows that belong to the class, the precision of guessing.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    average: float
    base: float


def precision_recall_of(
    is_class: NDArray[np.bool_], scores: NDArray[np.float32]
) -> PrecisionRecallCurve | None:
    """Return the curve of rows that belong to a class or not.

    None if all do, or none does.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    if is_class.all() or not is_class.any():
        return None
    precision, recall, _ = precision_recall_curve(is_class, scores)
    average = float(average_precision_score(is_class, scores))
    return PrecisionRecallCurve(precision, recall, average, float(is_class.mean()))


def precision_recall_chart(
    test: PrecisionRecallCurve, train: PrecisionRecallCurve | None, name: str
) -> str:
    """Return the chart of the curves on test and training rows.

    Parameters
    ----------
    name : of the class that is found.
    """
    short = short_label(name, 18)

    def draw(figure: Any) -> None:
        axes = _axes(figure, short)
        axes.axhline(test.base, color=MUTED, linewidth=1)
        axes.text(0.02, test.base + 0.015, "guessing", color=MUTED, va="bottom")
        if train is not None:
            axes.plot(
                train.recall, train.precision, color=NEGATIVE, linewidth=2,
                linestyle=(0, line_style(1).dashes), label=f"train, {train.average:.3f}",
            )  # fmt: skip
        axes.plot(
            test.recall, test.precision, color=POSITIVE, linewidth=2.6,
            label=f"test, {test.average:.3f}",
        )  # fmt: skip
        handles, labels = axes.get_legend_handles_labels()
        add_area_legend(axes, handles[::-1], labels[::-1], "average precision", "lower left")

    other = f" On the training rows it is {train.average:.3f}." if train is not None else ""
    return render_svg(
        "precision_recall",
        (500, 500),
        draw,
        title="Precision and recall of the best variant",
        description=f"The average precision is {test.average:.3f} on the test rows, of which "
        f"{test.base:.1%} are {short_label(name, 60)}.{other}",
    )


def class_precision_recall_chart(
    curves: dict[int, PrecisionRecallCurve], names: tuple[str, ...]
) -> str:
    """Return the chart of each class against all others, on the test rows.

    Parameters
    ----------
    curves : by number of the class; a class without test rows has none.
    """

    def draw(figure: Any) -> None:
        axes = _axes(figure, "the class")
        for number, curve in curves.items():
            dashes = line_style(number).dashes
            axes.plot(
                curve.recall, curve.precision, linewidth=2.2,
                color=class_colour(number, len(names)), linestyle=(0, dashes) if dashes else "-",
            )  # fmt: skip

    averages = "; ".join(
        f"{short_label(names[k], 60)} {curve.average:.3f}" for k, curve in curves.items()
    )
    return render_svg(
        "precision_recall",
        (500, 500),
        draw,
        title="Precision and recall of the best variant, each class against all others",
        description=f"Average precision on the test rows: {averages}.",
    )


def _axes(figure: Any, name: str) -> Any:
    axes = add_axes(
        figure,
        (0.16, 0.155, 0.79, 0.815),
        f"recall, share of {name} rows",
        f"precision, share that is {name}",
    )
    axes.xaxis.label.set_parse_math(False)
    axes.yaxis.label.set_parse_math(False)
    axes.set(xlim=(0, 1), ylim=(0, 1.005), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    return axes
