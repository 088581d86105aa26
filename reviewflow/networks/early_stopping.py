"""Watch the validation rows, and keep the weights of the best epoch.

network ─ after each epoch ─▶ logits of the validation rows ─┬─ loss ───▶ history
                                                             └─ metric ─▶ go on or stop
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from reviewflow.config.sections import EarlyStopping
from reviewflow.errors import QualityError
from reviewflow.features.dataset import RowSource
from reviewflow.features.sparse_rows import SparseRows
from reviewflow.networks.model import Csr, Network

ROWS_AT_ONCE = 2048


class Watch:
    """The best epoch so far, by a metric of the validation rows.

    Parameters
    ----------
    rows : validation rows, or None where there are none.
    stopping : the metric, and for how many epochs it may fail to improve.

    Raises
    ------
    QualityError
        If there are no rows, or ``roc_auc`` lacks rows of two classes.
    """

    def __init__(self, rows: RowSource | None, stopping: EarlyStopping) -> None:
        found = 0 if rows is None else len(np.unique(rows.labels))
        if rows is None or not found or (stopping.metric == "roc_auc" and found < 2):
            lacking = "have labels of one class only" if found else "are missing"
            raise QualityError(
                f"train.early_stopping measures validation rows, but they {lacking}; raise "
                "split.validation_size, or leave train.early_stopping out."
            )
        self._rows, self._stopping = rows, stopping
        self._best_score, self._epochs_without = -np.inf, 0
        self._best: dict[str, torch.Tensor] = {}

    @property
    def has_ended(self) -> bool:
        """Whether the metric has failed to improve for too long."""
        return self._epochs_without >= self._stopping.patience

    def measure(self, network: Network) -> float:
        """Look at the network after an epoch, and return its validation loss."""
        logits = predict_logits(network, self._rows)
        loss = log_loss(logits, self._rows.labels)
        score = -loss
        if self._stopping.metric == "accuracy":
            score = accuracy(logits, self._rows.labels)
        elif self._stopping.metric == "roc_auc":
            score = macro_roc_auc(logits, self._rows.labels)
        self._epochs_without += 1
        if score > self._best_score:
            self._best_score, self._epochs_without = score, 0
            self._best = {name: w.clone() for name, w in network.state_dict().items()}
        return loss

    def restore_best(self, network: Network) -> None:
        """Give a network the weights of the best epoch.

        Where every epoch's metric was not a number, it keeps its own.
        """
        if self._best:
            network.load_state_dict(self._best)


def predict_logits(network: Network, rows: RowSource) -> NDArray[np.float64]:
    """Return the logits of each class, float64, shape (N, K).

    Two classes have the logits 0 and z, so that softmax gives sigmoid(z).
    """
    pieces = []
    with torch.no_grad():
        for piece in rows.pieces():
            pieces += [network(X).double() for X in _batches(piece)]
    logits = torch.cat(pieces)
    if logits.ndim == 1:
        logits = torch.stack([torch.zeros_like(logits), logits], dim=1)
    return logits.numpy()


def _batches(rows: SparseRows) -> Iterator[Csr]:
    for start in range(0, rows.rows, ROWS_AT_ONCE):
        indptr = rows.indptr[start : start + ROWS_AT_ONCE + 1]
        entries = slice(int(indptr[0]), int(indptr[-1]))
        yield Csr(
            torch.from_numpy(indptr - indptr[0]),
            torch.from_numpy(rows.indices[entries].astype(np.int64)),
            torch.tensor(rows.values[entries]),
        )


def log_loss(logits: NDArray[np.float64], labels: NDArray[np.float32]) -> float:
    """Return the mean cross-entropy of N rows with K logits each."""
    truth = torch.from_numpy(labels).long()
    return float(functional.cross_entropy(torch.from_numpy(logits), truth))


def accuracy(logits: NDArray[np.float64], labels: NDArray[np.float32]) -> float:
    """Return the share of rows whose largest logit is their label's."""
    return float(np.mean(logits.argmax(axis=1) == labels))


def macro_roc_auc(logits: NDArray[np.float64], labels: NDArray[np.float32]) -> float:
    """Return the mean area under the ROC curve of each class against others.

    Classes without rows are left out. NaN if a logit is not a number.
    """
    if np.isnan(logits).any():
        return float("nan")
    logits = logits - logits.max(axis=1, keepdims=True)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    classes = np.unique(labels).astype(np.int64)
    return float(np.mean([area_under_curve(shares[:, c], labels == c) for c in classes]))


def area_under_curve(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve.

    It is the share of pairs in which the positive row has the higher score. Equal scores count half
    (Mann and Whitney 1947).
    """
    others = np.sort(scores[~positive])
    below = np.searchsorted(others, scores[positive], side="left")
    not_above = np.searchsorted(others, scores[positive], side="right")
    return float(np.mean(below + not_above) / 2 / len(others))
