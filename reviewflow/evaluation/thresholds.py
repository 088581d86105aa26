"""Choose the probability above which a row is called positive.

There are two classes.

labels, probabilities of validation rows ─ every cut ─▶ F1 or cost of each ─▶ the best cut
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.evaluation.metrics import THRESHOLD

Figures = NDArray[np.float64]


@dataclass(frozen=True)
class Cuts:
    """The C different ways to cut N rows in two by their probability.

    Attributes
    ----------
    thresholds : float64, shape (C,), ascending, at least 0. Rows above it are called positive. The
        first is below every probability, unless one is 0, the others are halfway between two
        neighbours, the last is the highest probability.
    true, false : int64, shape (C,), the positive and the negative rows above each threshold.
    positives : the number of positive rows.
    """

    thresholds: Figures
    true: NDArray[np.int64]
    false: NDArray[np.int64]
    positives: int


def find_cuts(labels: NDArray[Any], probabilities: NDArray[np.float32]) -> Cuts:
    """Return every cut of the rows, N > 0.

    Parameters
    ----------
    labels : shape (N,), 0 or 1.
    probabilities : float32, shape (N,), of class 1.
    """
    order = np.argsort(probabilities, kind="stable")
    ranked, positive = probabilities[order].astype(np.float64), labels[order] == 1
    ends = np.flatnonzero(np.diff(ranked)) + 1  # a cut never parts equal probabilities
    between = (ranked[ends - 1] + ranked[ends]) / 2
    thresholds = np.concatenate([[ranked[0] / 2], between, ranked[-1:]])
    starts = np.concatenate([[0], ends, [len(ranked)]])
    below = np.concatenate([[0], np.cumsum(positive)])[starts]
    true = below[-1] - below
    false = len(ranked) - starts - true
    kept = slice(None if ranked[0] > 0 else 1, None)
    return Cuts(thresholds[kept], true[kept], false[kept], int(positive.sum()))


def f1_threshold(labels: NDArray[Any], probabilities: NDArray[np.float32]) -> float:
    """Return the threshold with the highest F1.

    Of equal ones it is that next to 0.5.
    """
    cuts = find_cuts(labels, probabilities)
    scores = 2 * cuts.true / np.maximum(cuts.true + cuts.false + cuts.positives, 1)
    return _nearest(cuts.thresholds[scores == scores.max()], THRESHOLD)


def cost_threshold(
    labels: NDArray[Any], probabilities: NDArray[np.float32], costs: Mapping[str, float]
) -> float:
    """Return the threshold with the lowest cost.

    Of equal ones it is that next to the threshold that calibrated probabilities ask for: the
    share of a false positive in the sum of both costs (Elkan, IJCAI 2001).

    Parameters
    ----------
    costs : ``false_positive`` and ``false_negative``, what one such row costs, above 0.
    """
    cuts = find_cuts(labels, probabilities)
    missed = cuts.positives - cuts.true
    total = costs["false_positive"] * cuts.false + costs["false_negative"] * missed
    calibrated = costs["false_positive"] / (costs["false_positive"] + costs["false_negative"])
    return _nearest(cuts.thresholds[total <= total.min() * (1 + 1e-12)], calibrated)


def _nearest(thresholds: Figures, wanted: float) -> float:
    return float(thresholds[np.argmin(np.abs(thresholds - wanted))])
