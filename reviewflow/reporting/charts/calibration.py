"""Compare predicted probabilities with shares of rows.

is_class, probabilities ─ tenths ─▶ mean probability, share of the class, its interval ─▶ chart
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.evaluation.reliability import CalibrationCurve
from reviewflow.reporting.charts.axes import add_axes, short_label
from reviewflow.reporting.charts.palette import MUTED, class_colour
from reviewflow.reporting.charts.svg import render_svg

TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
FURTHEST = 0.0005  # probabilities nearer to 0 or 1 are drawn at the edge


def calibration_chart(curves: Mapping[int, CalibrationCurve], names: tuple[str, ...]) -> str:
    """Return a chart of the shares with intervals and the perfect diagonal.

    The axes are those of log-odds, on which shares near 0 and 1 can be told apart.

    Parameters
    ----------
    curves : by number of the class. Of two classes the second one's is enough.
    names : of the K classes.
    """
    edge = _edge(curves)
    of_class = short_label(names[1], 18) if len(names) == 2 else "the class"

    def draw(figure: Any) -> None:
        axes = add_axes(
            figure, (0.2, 0.155, 0.77, 0.815), f"predicted probability of {of_class}",
            f"share that is {of_class}",
        )  # fmt: skip
        axes.xaxis.label.set_parse_math(False)
        axes.yaxis.label.set_parse_math(False)
        ends = log_odds(np.array([edge, 1 - edge]))
        axes.plot(ends, ends, color=MUTED, linewidth=1)
        for number, curve in curves.items():
            _draw_curve(axes, curve, class_colour(number, len(names)), edge, len(curves) > 1)
        _finish_axes(axes, edge)

    return render_svg(
        "calibration",
        (500, 500),
        draw,
        title="Calibration of the best variant on the test rows",
        description=" ".join(_in_words(curve, names[k]) for k, curve in curves.items()),
    )


def _finish_axes(axes: Any, edge: float) -> None:
    """Set limits a little beyond the edges, and ticks between them."""
    ticks = [tick for tick in TICKS if edge <= tick <= 1 - edge]
    places, words = log_odds(np.array(ticks)), [f"{tick:g}" for tick in ticks]
    few = [word if len(ticks) < 6 or word not in ("0.1", "0.9") else "" for word in words]
    axes.set_xticks(places, few)
    axes.set_yticks(places, words)
    first, last = log_odds(np.array([edge, 1 - edge])).tolist()
    limits = (first - (last - first) * 0.02, last + (last - first) * 0.02)
    axes.set(xlim=limits, ylim=limits)


def log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln(p / (1 − p)) of probabilities between 0 and 1."""
    return np.log(probabilities) - np.log1p(-probabilities)


def _edge(curves: Mapping[int, CalibrationCurve]) -> float:
    """Return the smallest probability, or distance from 1, on the axes.

    It leaves out only shares of 0 and 1, and ends of intervals near them.
    """
    shares = [(one.predicted, one.observed, one.high, 1 - one.low) for one in curves.values()]
    known = np.concatenate([np.zeros(0), *(each for several in shares for each in several)])
    nearest = np.minimum(known, 1 - known)
    nearest = nearest[nearest > 0]
    smallest = float(nearest.min()) if len(nearest) else 0.5
    return min(max(smallest / 2, FURTHEST), 0.1)


def _draw_curve(axes: Any, curve: CalibrationCurve, colour: str, edge: float, thin: bool) -> None:
    def inside(shares: NDArray[np.float64]) -> NDArray[np.float64]:
        return log_odds(np.clip(shares, edge, 1 - edge))

    predicted = inside(curve.predicted)
    axes.vlines(
        predicted, inside(curve.low), inside(curve.high), color=colour,
        linewidth=1 if thin else 2, alpha=0.6 if thin else None,
    )  # fmt: skip
    axes.plot(
        predicted, inside(curve.observed), "o-" if thin else "o", color=colour, linewidth=1,
        markersize=5 if thin else 8,
    )  # fmt: skip


def _in_words(curve: CalibrationCurve, name: str) -> str:
    points = "; ".join(
        f"{p:.2g} predicted, {s:.2g} seen"
        for p, s in zip(curve.predicted.tolist(), curve.observed.tolist(), strict=True)
    )
    return (
        f"Tenths of the rows by probability of {short_label(name, 60)}: {points}; "
        f"the mean distance is {curve.error:.4f}."
    )
