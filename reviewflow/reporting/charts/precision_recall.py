"""Draw precision against recall, of two classes or of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.reporting.charts.axes import short_label
from reviewflow.reporting.charts.curves import (
    SIZE,
    Curve,
    add_legend,
    draw_classes,
    draw_splits,
    figures_in_words,
    square_axes,
    training_figure,
)
from reviewflow.reporting.charts.palette import MUTED
from reviewflow.reporting.charts.svg import render_svg


def precision_recall_of(is_class: NDArray[np.bool_], scores: NDArray[np.float32]) -> Curve | None:
    """Return the precision over the recall, and its average.

    The average precision is the mean of the precision over the recall. None if all rows are of the
    class, or none is.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    if is_class.all() or not is_class.any():
        return None
    precision, recall, _ = precision_recall_curve(is_class, scores)
    average = float(average_precision_score(is_class, scores))
    return Curve(recall, precision, average, float(is_class.mean()))


def precision_recall_chart(test: Curve, train: Curve | None, name: str) -> str:
    """Return the chart of the curves on test and training rows.

    Parameters
    ----------
    name : of the class that is found.
    """

    def draw(figure: Any) -> None:
        axes = _axes(figure, short_label(name, 18))
        axes.axhline(test.base, color=MUTED, linewidth=1)  # the precision of guessing
        axes.text(0.02, test.base + 0.015, "guessing", color=MUTED, va="bottom")
        draw_splits(axes, test, train)
        add_legend(axes, "average precision", "lower left", last_first=True)

    return render_svg(
        "precision_recall",
        SIZE,
        draw,
        title="Precision and recall of the best variant",
        description=f"The average precision is {test.figure:.3f} on the test rows, of which "
        f"{test.base:.1%} are {short_label(name, 60)}.{training_figure(train)}",
    )


def class_precision_recall_chart(curves: dict[int, Curve], names: tuple[str, ...]) -> str:
    """Return the chart of each class against all others, on the test rows.

    It has no legend, since the colours are those of the ROC curves.

    Parameters
    ----------
    curves : by number of the class; a class without test rows has none.
    """

    def draw(figure: Any) -> None:
        draw_classes(_axes(figure, "the class"), curves, names)

    return render_svg(
        "precision_recall",
        SIZE,
        draw,
        title="Precision and recall of the best variant, each class against all others",
        description=f"Average precision on the test rows: {figures_in_words(curves, names)}.",
    )


def _axes(figure: Any, name: str) -> Any:
    return square_axes(figure, f"recall, share of {name} rows", f"precision, share that is {name}")
