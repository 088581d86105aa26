"""Compare predicted probabilities with shares of positive rows.

labels, probabilities ─ tenths ─▶ mean probability, share of positives, its interval ─▶ chart
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.reporting.charts.axes import add_axes
from reviewflow.reporting.charts.palette import MUTED, POSITIVE
from reviewflow.reporting.charts.svg import render_svg

BINS = 10
Z = 1.959964  # the normal distribution's quantile for 95 %


@dataclass(frozen=True)
class CalibrationCurve:
    """Rows in B bins of equal size by probability: float64, shape (B,).

    Attributes
    ----------
    predicted : mean probability of each bin.
    observed : share of its rows that are positive.
    low, high : Wilson's 95 % interval of that share (JASA 22, 1927).
    error : mean distance of ``predicted`` and ``observed``, each bin weighted by its rows.
    """

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    error: float


def calibration_curve(
    labels: NDArray[np.int8], probabilities: NDArray[np.float32]
) -> CalibrationCurve:
    """Return the share of positive rows in each tenth by probability."""
    order = np.argsort(probabilities, kind="stable")
    bins = [rows for rows in np.array_split(order, BINS) if len(rows)]
    predicted = np.array([probabilities[rows].astype(np.float64).mean() for rows in bins])
    observed = np.array([float((labels[rows] == 1).mean()) for rows in bins])
    sizes = np.array([len(rows) for rows in bins])
    low, high = wilson_interval(observed, sizes)
    error = float(np.average(np.abs(predicted - observed), weights=sizes))
    return CalibrationCurve(predicted, observed, low, high, error)


def wilson_interval(
    share: NDArray[np.float64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of Wilson's 95 % interval of shares in ``rows`` rows."""
    centre = (share + Z * Z / (2 * rows)) / (1 + Z * Z / rows)
    reach = np.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows)) * Z
    return centre - reach / (1 + Z * Z / rows), centre + reach / (1 + Z * Z / rows)


def calibration_chart(curve: CalibrationCurve) -> str:
    """Return a chart of the shares with intervals and the perfect diagonal."""

    def draw(figure: Any) -> None:
        axes = add_axes(
            figure, (0.16, 0.155, 0.79, 0.815), "predicted probability of positive",
            "share that is positive",
        )  # fmt: skip
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1)
        axes.vlines(curve.predicted, curve.low, curve.high, color=POSITIVE, linewidth=2)
        axes.plot(curve.predicted, curve.observed, "o", color=POSITIVE, markersize=8)
        axes.set(xlim=(0, 1), ylim=(0, 1.005), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))

    points = "; ".join(
        f"{p:.2f} predicted, {s:.2f} seen"
        for p, s in zip(curve.predicted, curve.observed, strict=True)
        if math.isfinite(p)
    )
    return render_svg(
        "calibration",
        (500, 500),
        draw,
        title="Calibration of the best variant on the test rows",
        description=f"Tenths of the rows by probability: {points}.",
    )
