"""Compute ROC AUC, and what each row contributes to its variance.

labels, scores ─ ranks ─▶ placements ─▶ area, contributions (DeLong)

The contributions of two models to the same rows give the variance of their difference.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]


class Area(NamedTuple):
    """A ROC AUC, or the mean of several.

    Attributes
    ----------
    value : NaN where the rows hold one class.
    contributions : float64, shape (N,). The sum of their squares is the variance, and that of
        ``first.contributions - second.contributions`` the variance of a difference on the same
        rows. NaN where a class has one row, since that tells no variance.
    """

    value: float
    contributions: Figures


def macro_area(labels: NDArray[Any], probabilities: NDArray[np.float32]) -> Area:
    """Return the ROC AUC of N rows.

    Parameters
    ----------
    labels : shape (N,), 0 to K − 1.
    probabilities : of two classes that of class 1, shape (N,), and of more one each, shape (N, K).
        Of more classes the area is the mean over the classes that have rows, each against the
        rest.
    """
    if probabilities.ndim == 1:
        return two_class_area(labels == 1, probabilities)
    areas = [two_class_area(labels == k, probabilities[:, k]) for k in np.unique(labels)]
    known = [area for area in areas if not math.isnan(area.value)]
    if not known:
        return Area(math.nan, np.full(len(labels), math.nan))
    value = math.fsum(area.value for area in known) / len(known)
    return Area(value, np.mean([area.contributions for area in known], axis=0))


def two_class_area(positive: NDArray[np.bool_], scores: NDArray[np.float32]) -> Area:
    """Return the ROC AUC of positive rows against all others.

    Notes
    -----
    A row's placement is the share of the rows of the other class on its right side, ties half. The
    area is the mean placement. Its variance is s²/P over the placements of the positive rows, plus
    s²/Q over those of the negative ones (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988).
    """
    own, others = scores[positive], scores[~positive]
    P, Q = len(own), len(others)
    contributions = np.full(len(scores), math.nan)
    if not P or not Q:
        return Area(math.nan, contributions)
    above = _shares_below(np.sort(others), own)
    below = 1 - _shares_below(np.sort(own), others)
    area = float(above.mean())
    if P > 1 and Q > 1:
        contributions[positive] = (above - area) / math.sqrt(P * (P - 1))
        contributions[~positive] = (below - area) / math.sqrt(Q * (Q - 1))
    return Area(area, contributions)


def _shares_below(ranked: NDArray[np.float32], scores: NDArray[np.float32]) -> Figures:
    """Return the share of ranked scores below each score, equal ones half."""
    lower, upper = (np.searchsorted(ranked, scores, side) for side in ("left", "right"))
    return np.asarray((lower + upper) / (2 * len(ranked)), np.float64)
