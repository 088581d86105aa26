"""Define the metrics in one table: how to compute and what to call them.

    labels, probabilities ─▶ Predictions ─ METRICS ─▶ {accuracy: 0.89, …, confusion, rows}

Everything that lists metrics walks :data:`METRICS`: metrics.json and run.json, the report, the
command line, Prefect's table, the setting ``notify.metric`` and reference files. A new entry is in
all of them. The module is cheap to import: scikit-learn and NumPy come with the first figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THRESHOLD = 0.5  # a probability above it means positive
CLASS_NAMES = ("negative", "positive")  # of the labels 0 and 1

Figures = dict[str, Any]


@dataclass(frozen=True)
class Predictions:
    """The N > 0 labelled rows of a split, and a network's predictions.

    Attributes
    ----------
    truth : int64, shape (N,); the labels, 0 or 1.
    probabilities : float32, shape (N,); of class 1, all of them numbers.
    predicted : int64, shape (N,); 1 where the probability is above :data:`THRESHOLD`.
    """

    truth: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    predicted: NDArray[np.int64]

    @property
    def has_positives(self) -> bool:
        """Whether a row is labelled positive."""
        return bool(self.truth.any())

    @property
    def has_both_classes(self) -> bool:
        """Whether rows of either label are there."""
        return self.has_positives and not bool(self.truth.all())


@dataclass(frozen=True)
class Metric:
    """One entry of the table.

    Attributes
    ----------
    name : what run.json and settings call it.
    title : what a person calls it, as it stands inside a sentence.
    higher_is_better : False where a fall of the figure is good news.
    at_threshold : whether it counts predicted classes, and so depends on :data:`THRESHOLD`.
    function : computes the figure; None where it has no meaning for these rows.
    digits : decimal places to show.
    """

    name: str
    title: str
    higher_is_better: bool
    at_threshold: bool
    function: Callable[[Predictions], float | None]
    digits: int = 4

    @property
    def heading(self) -> str:
        """The title as it stands at the head of a column."""
        return self.title[:1].upper() + self.title[1:]


def _accuracy(predictions: Predictions) -> float | None:
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(predictions.truth, predictions.predicted))


def _precision(predictions: Predictions) -> float | None:
    from sklearn.metrics import precision_score

    return float(precision_score(predictions.truth, predictions.predicted, zero_division=0))


def _recall(predictions: Predictions) -> float | None:
    from sklearn.metrics import recall_score

    if not predictions.has_positives:
        return None
    return float(recall_score(predictions.truth, predictions.predicted))


def _f1(predictions: Predictions) -> float | None:
    from sklearn.metrics import f1_score

    if not predictions.has_positives:
        return None
    return float(f1_score(predictions.truth, predictions.predicted, zero_division=0))


def _roc_auc(predictions: Predictions) -> float | None:
    from sklearn.metrics import roc_auc_score

    if not predictions.has_both_classes:
        return None
    return float(roc_auc_score(predictions.truth, predictions.probabilities))


def _log_loss(predictions: Predictions) -> float | None:
    from sklearn.metrics import log_loss

    return float(log_loss(predictions.truth, predictions.probabilities, labels=[0, 1]))


METRICS = (
    Metric("accuracy", "accuracy", True, True, _accuracy),
    Metric("precision", "precision", True, True, _precision),
    Metric("recall", "recall", True, True, _recall),
    Metric("f1", "F1", True, True, _f1),
    Metric("roc_auc", "ROC AUC", True, False, _roc_auc),
    Metric("log_loss", "log loss", False, False, _log_loss),
)


def metric_named(name: str) -> Metric:
    """Return the entry of a metric.

    Raises
    ------
    KeyError
        If the table has no such name.
    """
    return {metric.name: metric for metric in METRICS}[name]


def split_metrics(labels: NDArray[Any], probabilities: NDArray[np.float32]) -> Figures:
    """Return the metrics of one split.

    Parameters
    ----------
    labels : shape (N,), 0 or 1; NaN where a row has no label: it is left out.
    probabilities : float32, shape (N,), of class 1; NaN where the network diverged.

    Returns
    -------
    dict
        Each metric of :data:`METRICS` by name (float or None), ``confusion`` (``tn, fp, fn, tp``,
        int or None) and ``rows``, the number of labelled rows.

    Notes
    -----
    All are None where there is no row or a probability is NaN. ROC AUC needs both classes, recall
    and F1 a positive row. Precision is 0 where nothing is predicted positive, as in scikit-learn.
    """
    import numpy as np

    labelled = ~np.isnan(labels.astype(np.float64))
    truth, scores = labels[labelled].astype(np.int64), probabilities[labelled]
    if not len(truth) or np.isnan(scores).any():
        return _missing_figures(len(truth))
    return _figures(Predictions(truth, scores, (scores > THRESHOLD).astype(np.int64)))


def _missing_figures(rows: int) -> Figures:
    figures = dict.fromkeys(metric.name for metric in METRICS)
    return {**figures, "confusion": dict.fromkeys(("tn", "fp", "fn", "tp")), "rows": rows}


def _figures(predictions: Predictions) -> Figures:
    from sklearn.metrics import confusion_matrix

    counts = confusion_matrix(predictions.truth, predictions.predicted, labels=[0, 1])
    return {
        **{metric.name: metric.function(predictions) for metric in METRICS},
        "confusion": dict(zip(("tn", "fp", "fn", "tp"), counts.ravel().tolist(), strict=True)),
        "rows": len(predictions.truth),
    }
