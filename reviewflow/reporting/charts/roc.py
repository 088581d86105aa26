"""Draw ROC curves: of two classes on two splits, or of each class."""

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

AREA = "area under the curve"


def roc_curve_of(is_class: NDArray[np.bool_], scores: NDArray[np.float32]) -> Curve | None:
    """Return the true over the false positive share, and the area below.

    None if all rows are of the class, or none is.
    """
    from sklearn.metrics import auc, roc_curve

    if is_class.all() or not is_class.any():
        return None
    false_share, true_share, _ = roc_curve(is_class, scores)
    area = float(auc(false_share, true_share))
    return Curve(false_share, true_share, area, float(is_class.mean()))


def roc_chart(test: Curve, train: Curve | None, names: tuple[str, str]) -> str:
    """Return the chart of the ROC curves on test and training rows.

    Parameters
    ----------
    names : of the two classes.
    """
    first, second = (short_label(name, 18) for name in names)

    def draw(figure: Any) -> None:
        axes = _axes(figure, f"{first} rows", f"{second} rows")
        axes.text(0.44, 0.40, "guessing", color=MUTED, va="top")
        draw_splits(axes, test, train)
        add_legend(axes, AREA, "lower right", last_first=True)

    return render_svg(
        "roc",
        SIZE,
        draw,
        title="ROC curve of the best variant",
        description=f"The area under the curve is {test.figure:.3f} on the test rows."
        f"{training_figure(train)}",
    )


def class_roc_chart(curves: dict[int, Curve], names: tuple[str, ...]) -> str:
    """Return the chart of each class against all others, on the test rows.

    Parameters
    ----------
    curves : by number of the class; a class without test rows has none.
    """

    def draw(figure: Any) -> None:
        axes = _axes(figure, "all others", "the class")
        axes.text(0.66, 0.70, "guessing", color=MUTED, ha="right")
        draw_classes(axes, curves, names)
        add_legend(axes, AREA, "lower right", last_first=False)

    return render_svg(
        "roc",
        SIZE,
        draw,
        title="ROC curves of the best variant, each class against all others",
        description=f"Areas under the curves on the test rows: {figures_in_words(curves, names)}.",
    )


def _axes(figure: Any, others: str, own: str) -> Any:
    """Return axes with the diagonal of guessing."""
    axes = square_axes(
        figure, f"false positives, share of {others}", f"true positives, share of {own}"
    )
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1)
    return axes
