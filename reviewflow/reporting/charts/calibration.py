"""Whether a probability means what it says: rows in tenths by it, and how many are positive.

labels, probabilities ─ tenths ─▶ mean probability, share of positives, its interval ─▶ chart
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.reporting.charts.axes import clear_axes
from reviewflow.reporting.charts.palette import MUTED, POSITIVE
from reviewflow.reporting.charts.svg import drawn

BINS = 10
Z = 1.959964  # the normal distribution's quantile for 95 %


@dataclass(frozen=True)
class Calibration:
    """Rows in B bins of equal size, by their probability; float64, shape (B,).

    Attributes
    ----------
    predicted : mean probability of each bin.
    seen : share of its rows that are positive.
    low, high : Wilson's 95 % interval of that share (JASA 22, 1927).
    error : mean distance of ``predicted`` and ``seen``, each bin by its rows.
    """

    predicted: NDArray[np.float64]
    seen: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    error: float


def calibration(labels: NDArray[np.int8], probabilities: NDArray[np.float32]) -> Calibration:
    """Cut the rows into tenths by probability and count the positives of each."""
    order = np.argsort(probabilities, kind="stable")
    bins = [rows for rows in np.array_split(order, BINS) if len(rows)]
    predicted = np.array([probabilities[rows].astype(np.float64).mean() for rows in bins])
    seen = np.array([float((labels[rows] == 1).mean()) for rows in bins])
    sizes = np.array([len(rows) for rows in bins])
    low, high = wilson(seen, sizes)
    error = float(np.average(np.abs(predicted - seen), weights=sizes))
    return Calibration(predicted, seen, low, high, error)


def wilson(
    share: NDArray[np.float64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wilson's interval of shares that were seen in ``rows`` rows each."""
    centre = (share + Z * Z / (2 * rows)) / (1 + Z * Z / rows)
    reach = np.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows)) * Z
    return centre - reach / (1 + Z * Z / rows), centre + reach / (1 + Z * Z / rows)


def calibration_chart(found: Calibration) -> str:
    """Dots with their intervals beside the line of a probability that means what it says."""

    def draw(figure: Any) -> None:
        axes = clear_axes(
            figure, (0.16, 0.155, 0.79, 0.815), "predicted probability of positive",
            "share that is positive",
        )  # fmt: skip
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1)
        axes.vlines(found.predicted, found.low, found.high, color=POSITIVE, linewidth=2)
        axes.plot(found.predicted, found.seen, "o", color=POSITIVE, markersize=8)
        axes.set(xlim=(0, 1), ylim=(0, 1.005), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))

    told = "; ".join(
        f"{p:.2f} predicted, {s:.2f} seen"
        for p, s in zip(found.predicted, found.seen, strict=True)
        if math.isfinite(p)
    )
    return drawn(
        "calibration",
        (500, 500),
        draw,
        title="Calibration of the best variant on the test rows",
        description=f"Tenths of the rows by probability: {told}.",
    )
