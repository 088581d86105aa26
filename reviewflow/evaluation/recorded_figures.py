"""Give figures that only run.json still holds an interval.

figures of each seed in run.json ─ binomial or exponential scores ─▶ Spread ─▶ interval, difference

The predictions may be gone from the store. Then it is unknown which rows two models share, and
the variances of both add.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from reviewflow.evaluation.intervals import (
    Interval,
    Spread,
    area_interval,
    difference_interval,
    difference_p,
    rows_and_seeds,
    score_interval,
    share_interval,
)
from reviewflow.evaluation.metrics import confusion_counts
from reviewflow.formatting import finite


class RecordedFigure(NamedTuple):
    """The ROC AUC or accuracy of a variant, as run.json records it.

    Attributes
    ----------
    seeds : the figure of each seed.
    variance : of their mean over rows.
    interval : of the mean, over rows and seeds.
    """

    seeds: tuple[float, ...]
    variance: float
    interval: Interval

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return math.fsum(self.seeds) / len(self.seeds)


def recorded_figure(metric: str, seeds: Sequence[Mapping[str, Any]]) -> RecordedFigure | None:
    """Return a figure with its interval, None where its rows are unknown.

    Parameters
    ----------
    metric : ``roc_auc`` or ``accuracy``; other metrics have no interval.
    seeds : the metrics of a split, one mapping a seed.

    Notes
    -----
    The variance of an accuracy is the binomial one, and that of a ROC AUC the one that exponential
    scores of such an area have (:func:`reviewflow.evaluation.intervals.score_interval`).
    """
    values = [finite(own.get(metric)) for own in seeds]
    known = tuple(value for value in values if value is not None)
    rows = _class_rows(seeds[0]) if seeds else ()
    if not known or len(known) < len(values) or len(rows) < 2:
        return None
    mean, total = math.fsum(known) / len(known), sum(rows)
    if metric == "accuracy":
        over_rows = mean * (1 - mean) / total
        spread = rows_and_seeds(over_rows, known)
        return RecordedFigure(known, over_rows, share_interval(mean, total, spread))
    if metric != "roc_auc":
        return None
    quantile = Spread(0.0).quantile
    ends = score_interval(mean, min(rows), total - min(rows), quantile)
    over_rows = ((ends.high - ends.low) / (2 * quantile)) ** 2
    spread = rows_and_seeds(over_rows, known)
    return RecordedFigure(
        known, over_rows, area_interval(mean, spread, min(rows), total - min(rows))
    )


def unpaired_difference(first: RecordedFigure, second: RecordedFigure) -> dict[str, float | None]:
    """Return ``difference`` (first minus second), ``low``, ``high`` and ``p``.

    The two are taken as independent, which makes the interval wider than a paired one (Welch).
    """
    spread = rows_and_seeds(first.variance + second.variance, first.seeds, second.seeds)
    return difference_figures(first.mean - second.mean, spread)


def difference_figures(difference: float, spread: Spread) -> dict[str, float | None]:
    """Return a difference with its interval and p, None for unknown ends."""
    low, high = (
        end if math.isfinite(end) else None for end in difference_interval(difference, spread)
    )
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "p": difference_p(difference, spread),
    }


def _class_rows(figures: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the rows of each class that has rows."""
    counts = confusion_counts(figures) or []
    return tuple(round(sum(row)) for row in counts if round(sum(row)))
