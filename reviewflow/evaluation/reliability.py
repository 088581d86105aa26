"""Compare predicted probabilities with shares of rows.

is_class, probabilities ─ tenths ─▶ mean probability, share of the class, its interval
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 10
Z = 1.959964  # the normal distribution's quantile for 95 %


@dataclass(frozen=True)
class CalibrationCurve:
    """Rows in B bins of equal size by probability: float64, shape (B,).

    Attributes
    ----------
    predicted : mean probability of each bin.
    observed : share of its rows that are of the class.
    low, high : Wilson's 95 % interval of that share (JASA 22, 1927).
    rows : int64, shape (B,), of each bin.
    error : mean distance of ``predicted`` and ``observed``, each bin weighted by its rows: the
        expected calibration error (Naeini et al., AAAI 2015), with bins of equal size.
    """

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rows: NDArray[np.int64]
    error: float

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON: ``error``, and ``bins`` with a figure each."""
        names = ("rows", "predicted", "observed", "low", "high")
        columns = (self.rows, self.predicted, self.observed, self.low, self.high)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        bins = [dict(zip(names, figures, strict=True)) for figures in rows]
        return {"error": self.error, "bins": bins}


def calibration_curve(
    is_class: NDArray[np.bool_], probabilities: NDArray[np.float32]
) -> CalibrationCurve:
    """Return the share of rows of a class in each tenth by probability."""
    order = np.argsort(probabilities, kind="stable")
    bins = [rows for rows in np.array_split(order, BINS) if len(rows)]
    predicted = np.array([probabilities[rows].astype(np.float64).mean() for rows in bins])
    observed = np.array([float(is_class[rows].mean()) for rows in bins])
    sizes = np.array([len(rows) for rows in bins])
    low, high = wilson_interval(observed, sizes)
    error = float(np.average(np.abs(predicted - observed), weights=sizes))
    return CalibrationCurve(predicted, observed, low, high, sizes, error)


def wilson_interval(
    share: NDArray[np.float64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of Wilson's 95 % interval of shares in ``rows`` rows."""
    centre = (share + Z * Z / (2 * rows)) / (1 + Z * Z / rows)
    reach = np.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows)) * Z
    return centre - reach / (1 + Z * Z / rows), centre + reach / (1 + Z * Z / rows)
