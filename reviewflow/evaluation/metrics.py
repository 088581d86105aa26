"""How good predictions are, in the field's usual figures; null where a figure has no meaning."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.5  # a probability above it means positive

Figures = dict[str, Any]


def split_metrics(labels: NDArray[Any], probabilities: NDArray[np.float32]) -> Figures:
    """Metrics of one split at threshold 0.5, by scikit-learn.

    Parameters
    ----------
    labels : shape (N,), 0 or 1; NaN where a row has no label: it is left out.
    probabilities : float32, shape (N,), of class 1; NaN where the network diverged.

    Returns
    -------
    dict
        ``accuracy, precision, recall, f1, roc_auc, log_loss`` (float or None), ``confusion``
        (``tn, fp, fn, tp``, int or None) and ``rows``, the number of labelled rows.

    Notes
    -----
    All are None where there is no row or a probability is NaN. ROC AUC needs both classes, recall
    and F1 a positive row. Precision is 0 where nothing is predicted positive, as in scikit-learn.
    """
    labelled = ~np.isnan(labels.astype(np.float64))
    truth, scores = labels[labelled].astype(np.int64), probabilities[labelled]
    if not len(truth) or np.isnan(scores).any():
        return _without_answer(len(truth))
    return _figures(truth, scores)


def _without_answer(rows: int) -> Figures:
    names = ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss")
    confusion = dict.fromkeys(("tn", "fp", "fn", "tp"))
    return {**dict.fromkeys(names), "confusion": confusion, "rows": rows}


def _figures(truth: NDArray[np.int64], scores: NDArray[np.float32]) -> Figures:
    from sklearn import metrics

    predicted = (scores > THRESHOLD).astype(np.int64)
    tn, fp, fn, tp = metrics.confusion_matrix(truth, predicted, labels=[0, 1]).ravel().tolist()
    positives = tp + fn
    return {
        "accuracy": float(metrics.accuracy_score(truth, predicted)),
        "precision": float(metrics.precision_score(truth, predicted, zero_division=0)),
        "recall": float(metrics.recall_score(truth, predicted)) if positives else None,
        "f1": float(metrics.f1_score(truth, predicted, zero_division=0)) if positives else None,
        "roc_auc": float(metrics.roc_auc_score(truth, scores)) if tn + fp and positives else None,
        "log_loss": float(metrics.log_loss(truth, scores, labels=[0, 1])),
        "confusion": {"tn": tn, "fp": fp, "fn": fn, "tp": tp},
        "rows": len(truth),
    }
