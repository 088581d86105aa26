"""Give metrics other than ROC AUC and accuracy a paired difference.

labels, probabilities, threshold ─ terms of a ratio ─▶ figure, influence of each row
both models' influences on the same rows ───────────▶ difference, interval and p

Precision, recall, F1 and log loss are ratios of sums over rows. The influence of a row on a ratio
R = Σa / Σb is (a − R b) / Σb, and the sum of the squares is the variance of R (the delta method;
Hampel, JASA 69, 1974).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewflow.evaluation.intervals import rows_and_seeds
from reviewflow.evaluation.metrics import predicted_classes
from reviewflow.evaluation.predictions import LabelledRows
from reviewflow.evaluation.recorded_figures import difference_figures

Figures = NDArray[np.float64]
Flags = NDArray[np.bool_]
LEAST = float(np.finfo(np.float32).eps)  # how near to 0 and 1 a probability may be in a log loss


class Judged(NamedTuple):
    """One model on N labelled rows, with the threshold of its classes."""

    rows: LabelledRows
    threshold: float


class Influence(NamedTuple):
    """A figure, and how much each of N rows contributes to its variance.

    Attributes
    ----------
    contributions : float64, shape (N,). The sum of their squares is the variance.
    """

    value: float
    contributions: Figures


def _precision_terms(positive: Flags, predicted: Flags) -> tuple[Figures, Figures]:
    return (positive & predicted).astype(np.float64), predicted.astype(np.float64)


def _recall_terms(positive: Flags, predicted: Flags) -> tuple[Figures, Figures]:
    return (positive & predicted).astype(np.float64), positive.astype(np.float64)


def _f1_terms(positive: Flags, predicted: Flags) -> tuple[Figures, Figures]:
    both = (positive & predicted).astype(np.float64)
    return 2 * both, positive.astype(np.float64) + predicted


RATIOS: Mapping[str, Callable[[Flags, Flags], tuple[Figures, Figures]]] = {
    "precision": _precision_terms,
    "recall": _recall_terms,
    "f1": _f1_terms,
}


def metric_influence(metric: str, model: Judged) -> Influence | None:
    """Return a metric of one model, with the influence of each row.

    Of more than two classes precision, recall and F1 are means over the classes that have rows,
    each against the rest. None where the metric is not a known ratio, or has no meaning for the
    rows: there are none, a probability is NaN, or the lower sum is 0.
    """
    labels, P = model.rows.labels, model.rows.probabilities
    if not len(labels) or not np.isfinite(P).all():
        return None
    if metric == "log_loss":
        return _ratio(_losses(labels, P), np.ones(len(labels)))
    if metric not in RATIOS:
        return None
    predicted = predicted_classes(P, model.threshold)
    classes = [1] if P.ndim == 1 else np.unique(labels).tolist()
    found = [_ratio(*RATIOS[metric](labels == k, predicted == k)) for k in classes]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return None
    value = math.fsum(each.value for each in known) / len(known)
    return Influence(value, np.mean([each.contributions for each in known], axis=0))


def compare_metric(
    metric: str, first: Sequence[Judged], second: Sequence[Judged]
) -> dict[str, Any] | None:
    """Return the difference of a metric of two variants on the same rows.

    Parameters
    ----------
    first, second : the models of each variant's seeds, on the same N labelled rows.

    Returns
    -------
    dict or None
        ``difference`` (of the means, first minus second), ``low``, ``high`` and ``p``. None where
        :func:`metric_influence` is None for a model.
    """
    both = [[metric_influence(metric, model) for model in own] for own in (first, second)]
    known = [[each for each in own if each is not None] for own in both]
    if not all(known) or [len(own) for own in known] != [len(own) for own in both]:
        return None
    ours, theirs = ([each.value for each in own] for own in known)
    means = [np.mean([each.contributions for each in own], axis=0) for own in known]
    off = means[0] - means[1]
    difference = math.fsum(ours) / len(ours) - math.fsum(theirs) / len(theirs)
    if len(ours) == len(theirs):
        seeds = ([mine - other for mine, other in zip(ours, theirs, strict=True)],)
        return difference_figures(difference, rows_and_seeds(float(off @ off), *seeds))
    return difference_figures(difference, rows_and_seeds(float(off @ off), ours, theirs))


def _ratio(upper: Figures, lower: Figures) -> Influence | None:
    total = float(lower.sum())
    if not total:
        return None
    value = float(upper.sum()) / total
    return Influence(value, (upper - value * lower) / total)


def _losses(labels: NDArray[np.int8], probabilities: NDArray[np.float32]) -> Figures:
    """Return the log loss of each row, as scikit-learn takes it."""
    P = probabilities.astype(np.float64)
    own = np.where(labels == 1, P, 1 - P) if P.ndim == 1 else P[np.arange(len(P)), labels]
    return np.asarray(-np.log(np.clip(own, LEAST, 1 - LEAST)), np.float64)
