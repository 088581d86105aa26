"""Say what a model of two classes would do at other thresholds.

labels, probabilities, thresholds ─▶ counts above each ─▶ precision, recall, errors, cost
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.evaluation.predictions import LabelledRows

THRESHOLDS = tuple(round(number / 10, 1) for number in range(1, 10))
ROWS_OF_COST = 1_000  # the cost is that of so many rows


def threshold_table(
    rows: LabelledRows, chosen: float, costs: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return a line for each threshold, the chosen one among them.

    Parameters
    ----------
    rows : of two classes, at least one.
    costs : ``false_positive`` and ``false_negative``, what one such row costs.

    Returns
    -------
    list
        ``threshold``, ``is_chosen``, ``predicted_share`` (of rows above it), ``accuracy``,
        ``precision`` and ``recall`` (None where they have no meaning), ``false_positives``,
        ``false_negatives``, and ``cost`` of a thousand such rows.
    """
    positive = rows.labels == 1
    thresholds = sorted({*THRESHOLDS, chosen})
    return [_line(positive, rows.probabilities, each, chosen, costs) for each in thresholds]


def _line(
    positive: NDArray[np.bool_],
    probabilities: NDArray[np.float32],
    threshold: float,
    chosen: float,
    costs: Mapping[str, float],
) -> dict[str, Any]:
    above = probabilities.astype(np.float64) > threshold
    true, false = int((above & positive).sum()), int((above & ~positive).sum())
    missed, count = int((~above & positive).sum()), len(positive)
    cost = costs["false_positive"] * false + costs["false_negative"] * missed
    return {
        "threshold": threshold,
        "is_chosen": threshold == chosen,
        "predicted_share": (true + false) / count,
        "accuracy": 1 - (false + missed) / count,
        "precision": true / (true + false) if true + false else None,
        "recall": true / (true + missed) if true + missed else None,
        "false_positives": false,
        "false_negatives": missed,
        "cost": ROWS_OF_COST * cost / count,
    }
