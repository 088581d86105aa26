"""Define the metrics in one table: how to compute and what to call them.

    labels, probabilities ─▶ Predictions ─ METRICS ─▶ {accuracy: 0.89, …, confusion, rows}

Everything that lists metrics walks :data:`METRICS`: metrics.json and run.json, the report, the
command line, Prefect's table, the setting ``notify.metric`` and reference files. A new entry is in
all of them. The module is cheap to import: scikit-learn and NumPy come with the first figure.

K is the number of classes, 0 to K − 1. Of two classes, 1 is the positive one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THRESHOLD = 0.5  # of two classes, a probability above it means positive
CLASS_NAMES = ("negative", "positive")  # of the labels 0 and 1
CELLS = ("tn", "fp", "fn", "tp")  # of two classes' confusion matrix, row after row

Figures = dict[str, Any]


@dataclass(frozen=True)
class Predictions:
    """The N > 0 labelled rows of a split, and a network's predictions.

    Attributes
    ----------
    truth : int64, shape (N,); the labels, 0 to K − 1.
    probabilities : float32, all of them numbers; of two classes that of class 1, shape (N,), and of
        more classes one each, shape (N, K).
    predicted : int64, shape (N,); the predicted classes, as :func:`predicted_classes` returns them.
    """

    truth: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    predicted: NDArray[np.int64]

    @property
    def classes(self) -> int:
        """K, the number of classes."""
        return 2 if self.probabilities.ndim == 1 else int(self.probabilities.shape[1])

    @property
    def has_positives(self) -> bool:
        """Whether a row is labelled positive, of two classes."""
        return bool(self.truth.any())

    @property
    def has_both_classes(self) -> bool:
        """Whether rows of either label are there, of two classes."""
        return self.has_positives and not bool(self.truth.all())

    def one_against_rest(self, label: int) -> Predictions:
        """Return the predictions of one class of K against all others."""
        return Predictions(
            (self.truth == label).astype("int64"),
            self.probabilities[:, label],
            (self.predicted == label).astype("int64"),
        )


@dataclass(frozen=True)
class Metric:
    """One entry of the table.

    Attributes
    ----------
    name : what run.json and settings call it.
    title : what a person calls it, as it stands inside a sentence.
    higher_is_better : False where a fall of the figure is good news.
    at_threshold : whether it counts predicted classes, and so depends on the threshold.
    function : computes the figure; None where it has no meaning for these rows.
    digits : decimal places to show.
    per_class : whether ``function`` knows two classes only. For more classes the figure is then
        the mean over the classes that have rows, each against the rest (macro average).
    """

    name: str
    title: str
    higher_is_better: bool
    at_threshold: bool
    function: Callable[[Predictions], float | None]
    digits: int = 4
    per_class: bool = False

    @property
    def heading(self) -> str:
        """The title as it stands at the head of a column."""
        return self.title[:1].upper() + self.title[1:]

    def title_among(self, classes: int) -> str:
        """Return the title for a number of classes: ``macro F1`` for three."""
        return f"macro {self.title}" if self.per_class and classes > 2 else self.title

    def figure(self, predictions: Predictions) -> float | None:
        """Return the figure of the predictions, None where it has no meaning."""
        if predictions.classes == 2 or not self.per_class:
            return self.function(predictions)
        figures = [
            self.function(predictions.one_against_rest(label))
            for label in sorted(set(predictions.truth.tolist()))
        ]
        known = [figure for figure in figures if figure is not None]
        return sum(known) / len(known) if known else None


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

    labels = list(range(predictions.classes))
    return float(log_loss(predictions.truth, predictions.probabilities, labels=labels))


METRICS = (
    Metric("accuracy", "accuracy", True, True, _accuracy),
    Metric("precision", "precision", True, True, _precision, per_class=True),
    Metric("recall", "recall", True, True, _recall, per_class=True),
    Metric("f1", "F1", True, True, _f1, per_class=True),
    Metric("roc_auc", "ROC AUC", True, False, _roc_auc, per_class=True),
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


def predicted_classes(
    probabilities: NDArray[np.float32], threshold: float = THRESHOLD
) -> NDArray[np.int64]:
    """Return the predicted class of each row, int64, shape (N,).

    Of two classes, 1 where its probability is above the threshold. Of more classes the most
    probable one, the first of equally probable ones.
    """
    import numpy as np

    if probabilities.ndim == 1:
        return (probabilities.astype(np.float64) > threshold).astype(np.int64)
    return np.asarray(np.argmax(probabilities, axis=1), np.int64)


def split_metrics(
    labels: NDArray[Any], probabilities: NDArray[np.float32], threshold: float = THRESHOLD
) -> Figures:
    """Return the metrics of one split.

    Parameters
    ----------
    labels : shape (N,), 0 to K − 1; NaN where a row has no label: it is left out.
    probabilities : float32; of two classes that of class 1, shape (N,), of more (N, K). NaN where
        the network diverged.
    threshold : of two classes, the probability above which a row is called positive.

    Returns
    -------
    dict
        Each metric of :data:`METRICS` by name (float or None), ``confusion`` and ``rows``, the
        number of labelled rows. Of two classes ``confusion`` holds ``tn, fp, fn, tp`` (int or
        None). Of more it is a list of K rows, a true class each, of K numbers (or None), and
        ``classes`` holds ``precision, recall, f1, roc_auc, rows`` of each class against the rest.

    Notes
    -----
    All are None where there is no row or a probability is NaN. ROC AUC needs both classes, recall
    and F1 a positive row. Precision is 0 where nothing is predicted positive, as in scikit-learn.
    scikit-learn's log loss takes a probability of 0 or 1 as 1e-7 off it, float32's precision.
    """
    import numpy as np

    labelled = ~np.isnan(labels.astype(np.float64))
    truth, scores = labels[labelled].astype(np.int64), probabilities[labelled]
    if not len(truth) or np.isnan(scores).any():
        return _missing_figures(truth, scores)
    return _figures(Predictions(truth, scores, predicted_classes(scores, threshold)))


def confusion_counts(figures: Mapping[str, Any]) -> list[list[float]] | None:
    """Return the confusion matrix in a split's metrics, a row a true class.

    Means over seeds are not whole numbers. None where the figures lack it.
    """
    confusion = figures.get("confusion")
    if isinstance(confusion, Mapping):
        cells = [confusion.get(name) for name in CELLS]
        confusion = [cells[:2], cells[2:]]
    if not confusion or any(count is None for row in confusion for count in row):
        return None
    return [[float(count) for count in row] for row in confusion]


def mean_figures(figures: Sequence[Mapping[str, Any]]) -> Figures:
    """Return the means of equally built figures, number by number.

    A number that one of them lacks is None. A text is that of the first.
    """
    if len(figures) == 1:
        return dict(figures[0])
    names = dict.fromkeys(name for each in figures for name in each)
    return {name: _mean([each.get(name) for each in figures]) for name in names}


def _mean(values: Sequence[Any]) -> Any:
    from statistics import fmean

    first = values[0]
    if any(value is None for value in values):
        return None
    if isinstance(first, Mapping):
        return mean_figures(values)
    if isinstance(first, list):
        return [_mean(each) for each in zip(*values, strict=True)]
    return first if isinstance(first, str) else fmean(values)


def _missing_figures(truth: NDArray[np.int64], scores: NDArray[np.float32]) -> Figures:
    figures: Figures = dict.fromkeys(metric.name for metric in METRICS)
    if scores.ndim == 1:
        return {**figures, "confusion": dict.fromkeys(CELLS), "rows": len(truth)}
    unknown = dict.fromkeys(metric.name for metric in METRICS if metric.per_class)
    rows = [int((truth == label).sum()) for label in range(scores.shape[1])]
    classes = [{**unknown, "rows": count} for count in rows]
    return {**figures, "confusion": None, "rows": len(truth), "classes": classes}


def _figures(predictions: Predictions) -> Figures:
    from sklearn.metrics import confusion_matrix

    labels = list(range(predictions.classes))
    counts = confusion_matrix(predictions.truth, predictions.predicted, labels=labels)
    figures: Figures = {metric.name: metric.figure(predictions) for metric in METRICS}
    rows = len(predictions.truth)
    if predictions.classes == 2:
        confusion = dict(zip(CELLS, counts.ravel().tolist(), strict=True))
        return {**figures, "confusion": confusion, "rows": rows}
    classes = [_class_figures(predictions.one_against_rest(label)) for label in labels]
    return {**figures, "confusion": counts.tolist(), "rows": rows, "classes": classes}


def _class_figures(predictions: Predictions) -> Figures:
    """Return the metrics of one class against the rest."""
    figures: Figures = {m.name: m.function(predictions) for m in METRICS if m.per_class}
    return {**figures, "rows": int(predictions.truth.sum())}
