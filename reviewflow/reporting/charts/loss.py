"""Draw the training loss of all variants over the epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.evaluation.diagnosis import guessing_title
from reviewflow.formatting import amount
from reviewflow.reporting.charts.axes import add_axes, draw_variant_line, finite_values, limit_ticks
from reviewflow.reporting.charts.palette import MUTED, line_style
from reviewflow.reporting.charts.svg import render_svg


@dataclass(frozen=True)
class LossCurve:
    """Mean training loss of each epoch of one trained model.

    Attributes
    ----------
    variant : number of the model's variant
    epochs, losses : float64, shape (E,)
    """

    variant: int
    epochs: NDArray[np.float64]
    losses: NDArray[np.float64]


def highest_loss(classes: int) -> float:
    """Return the loss above which nothing is drawn.

    A diverged variant would flatten all the others. Twice ln K, the most that guessing costs with
    K classes, is enough.
    """
    return 2 * math.log(classes)


def loss_chart(
    curves: tuple[LossCurve, ...],
    best: int | None,
    guessing: float,
    classes: int,
    lines: Mapping[int, int],
) -> str:
    """Return the chart of the training loss over the epochs, a line a variant.

    Of several seeds it shows the mean and the range.

    Parameters
    ----------
    best : number of the variant whose line is thicker.
    guessing : the loss of guessing on the training rows, a horizontal line.
    classes : number of classes, K.
    lines : of the palette, by number of the variant; a variant without one is grey.
    """
    variants = sorted({curve.variant for curve in curves})
    drawn = [float(loss) for curve in curves for loss in finite_values(curve.losses)]
    top = min(max([*drawn, 0.75, 1.08 * guessing]) * 1.04, highest_loss(classes))

    def draw(figure: Any) -> None:
        axes = add_axes(figure, (0.125, 0.16, 0.855, 0.80), "epoch", "training loss")
        axes.axhline(guessing, color=MUTED, linewidth=1)
        title = guessing_title(guessing, classes)
        axes.text(
            0.995, guessing - top * 0.012, f"guessing, {title}", ha="right",
            va="top", color=MUTED, transform=axes.get_yaxis_transform(),
        )  # fmt: skip
        for variant in sorted(variants, key=lambda variant: variant == best):
            seeds = [curve for curve in curves if curve.variant == variant]
            shared = min(len(curve.epochs) for curve in seeds)  # one may have stopped early
            epochs = seeds[0].epochs[:shared]
            losses = np.stack([curve.losses[:shared] for curve in seeds])
            line = lines.get(variant)
            if len(seeds) > 1 and line is not None:
                lowest, highest = losses.min(axis=0), losses.max(axis=0)
                colour = line_style(line).colour
                axes.fill_between(epochs, lowest, highest, color=colour, alpha=0.18, linewidth=0)
            width = 3.2 if variant == best else 2.0
            draw_variant_line(axes, line, epochs, losses.mean(axis=0), width)
        axes.set_ylim(0, top)
        limit_ticks(axes.xaxis, 8, whole=True)
        limit_ticks(axes.yaxis, 6)

    return render_svg(
        "loss",
        (640, 400),
        draw,
        title="Training loss over the epochs",
        description=f"Mean training loss of each epoch, {amount(len(variants), 'variant')}; the "
        f"legend beside it gives the last value of each. {_in_words(guessing, classes)}",
    )


def _in_words(guessing: float, classes: int) -> str:
    name = guessing_title(guessing, classes)
    about = f", about {guessing:.3f}" if name.startswith("ln") else ""
    return f"Guessing gives {name}{about}."
