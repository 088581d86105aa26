"""Compare predictions with the majority class, the baseline of every run.

    labels, splits ─▶ figures of the majority class by split                (baselines of run.json)
    metrics.json of a model ─ confusion, ROC AUC ─▶ does it beat the majority class beyond chance?

The majority class is the most frequent one of the training rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reviewflow.evaluation.metrics import confusion_counts, split_metrics
from reviewflow.evaluation.significance import fisher_test, sign_test

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "majority class"
CHANCE = 0.05  # of evidence against chance; several variants, and several tests, share it
TESTS = 3  # of one variant: its accuracy, its classes, its ranking


@dataclass(frozen=True)
class AgainstMajority:
    """A model beside the majority class on the same rows.

    Attributes
    ----------
    accuracy, majority : shares of the rows that the model and the majority class have right.
    roc_auc : of the model, None where the rows hold one class.
    p : how often a model that knows nothing does so well by one of three tests, times three.
        The tests: it is right more often (sign test), its classes agree with the true ones
        (Fisher's exact test), it ranks the rows (Mann and Whitney's test; only where it is right
        as often as the majority class).
    """

    accuracy: float
    majority: float
    roc_auc: float | None
    p: float

    def beats_chance(self, variants: int = 1) -> bool:
        """Return whether one of several variants is better than chance."""
        return self.p * variants <= CHANCE


def class_rows(figures: Mapping[str, Any]) -> list[float]:
    """Return the rows of each true class in a split's metrics, if known."""
    counts = confusion_counts(figures)
    if counts is not None:
        return [sum(row) for row in counts]
    return [float(one["rows"]) for one in figures.get("classes") or ()]


def majority_class(train: Mapping[str, Any]) -> int | None:
    """Return the most frequent class of the training rows.

    The first of equally frequent ones. None where the figures hold no rows.
    """
    rows = class_rows(train)
    return rows.index(max(rows)) if any(rows) else None


def majority_baseline(labels: Mapping[str, NDArray[np.int8]], classes: int) -> dict[str, Any]:
    """Return the baseline for run.json: its name and its metrics by split.

    Parameters
    ----------
    labels : of the labelled rows of each split; ``train`` is one of them.
    classes : K.

    Notes
    -----
    It predicts the shares of the training rows for every row, so the class is the most frequent
    one, ROC AUC is ½, and the log loss is that of guessing.
    """
    import numpy as np

    counts = np.bincount(labels["train"], minlength=classes)
    shares = (counts / max(counts.sum(), 1)).astype(np.float32)
    guess = shares if classes > 2 else shares[1]
    metrics = {
        name: split_metrics(own, np.repeat(guess[None], len(own), axis=0))
        for name, own in labels.items()
    }
    return {"name": NAME, "metrics": metrics}


def compare_with_majority(metrics: Mapping[str, Any], on: str) -> AgainstMajority | None:
    """Return a model beside the majority class.

    None where a figure is missing: no rows, or a network that diverged.

    Parameters
    ----------
    metrics : content of ``metrics.json``, or its means over seeds.
    on : the split whose rows decide.
    """
    figures = metrics.get(on) or {}
    counts, common = confusion_counts(figures), majority_class(metrics.get("train") or {})
    if counts is None or common is None or not any(map(sum, counts)):
        return None
    rows = sum(map(sum, counts))
    right = [row[label] for label, row in enumerate(counts)]
    better = sum(right) - right[common]
    worse = sum(counts[common]) - right[common]
    tests = [sign_test(better, worse), _agreement(counts, rows)]
    if better >= worse:
        tests.append(_ranking(figures, counts))
    return AgainstMajority(
        sum(right) / rows,
        sum(counts[common]) / rows,
        figures.get("roc_auc"),
        min(1.0, TESTS * min(tests)),
    )


def _agreement(counts: Sequence[Sequence[float]], rows: float) -> float:
    """Return p of the predicted classes agreeing with the true ones.

    Of K > 2 classes it is the smallest p of one against the rest, times K.
    """
    predicted = [sum(column) for column in zip(*counts, strict=True)]
    labels = (1,) if len(counts) == 2 else range(len(counts))
    found = [
        fisher_test(counts[label][label], sum(counts[label]), predicted[label], rows)
        for label in labels
    ]
    return min(1.0, len(found) * min(found))


def _ranking(figures: Mapping[str, Any], counts: Sequence[Sequence[float]]) -> float:
    """Return p of the ranking, of K > 2 classes as in :func:`_agreement`."""
    areas = [one.get("roc_auc") for one in figures.get("classes") or ()] or [figures.get("roc_auc")]
    rows = [sum(row) for row in counts]
    own = rows[1:] if len(rows) == 2 else rows
    found = [
        mann_whitney(area, positive, sum(rows) - positive)
        for area, positive in zip(areas, own, strict=True)
    ]
    return min(1.0, len(found) * min(found))


def mann_whitney(area: float | None, positive: float, negative: float) -> float:
    """Return how often rows in random order have such a ROC AUC.

    Parameters
    ----------
    area : None where there is none.
    positive, negative : the numbers of rows.

    Notes
    -----
    P(X ≥ area) for a normal X with mean ½ and variance (P + Q + 1) / (12 P Q) (Mann and Whitney,
    Annals of Mathematical Statistics 18, 1947). Ties make the variance smaller, so p errs upwards.
    """
    if area is None or not positive or not negative:
        return 1.0
    deviation = math.sqrt((positive + negative + 1) / (12 * positive * negative))
    return math.erfc((area - 0.5) / deviation / math.sqrt(2)) / 2
