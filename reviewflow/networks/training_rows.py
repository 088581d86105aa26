"""Prepare the training rows: class weights and scaled inputs.

RowSource ─┬─ labels ───────▶ class weights ─┬─▶ Rows, a block at a time ─▶ steps
           └─ naive Bayes ──▶ term scale ────┘
                                  └───────────────────────────▶ folded into the trained weights
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from reviewflow.config.sections import Train
from reviewflow.features.dataset import RowSource
from reviewflow.features.sparse_rows import SparseRows
from reviewflow.networks.compiled_sgd import Rows
from reviewflow.networks.epoch_blocks import epoch_blocks
from reviewflow.networks.layer_stats import sample_rows
from reviewflow.networks.model import Network
from reviewflow.networks.naive_bayes import term_scale

Scale = NDArray[np.float32]  # shape (V, 1), or (V, K) with a column for each logit


class TrainingRows:
    """The training rows as steps take them.

    Parameters
    ----------
    data : labelled rows.
    terms : V, the number of terms in the vocabulary.
    train : settings.
    classes : K, the number of classes.

    Attributes
    ----------
    count : N, the number of rows.
    scale : by what the inputs are multiplied, or None.
    sample : the rows on which layers are measured, always the same.
    """

    def __init__(self, data: RowSource, terms: int, train: Train, classes: int) -> None:
        self._data, self._train = data, train
        self._weights = np.ones(classes, np.float32)
        if train.class_weight == "balanced":
            self._weights = balanced_weights(data.labels, classes)
        self.count = data.rows
        self.scale = choose_scale(data, terms, train, classes)
        self.sample = self._prepare(data.take(sample_rows(data.rows, train.seed)))
        self._whole = self._prepare(data) if isinstance(data, SparseRows) else None

    def blocks(self, epoch: int) -> Iterator[tuple[Rows, NDArray[np.int64]]]:
        """Yield rows and the order in which the steps of an epoch take them.

        Whoever lets go of a block before the next one has one in memory at a time.
        """
        train = self._train
        for block, order in epoch_blocks(self._data, train.seed, epoch, train.batch_size):
            rows = self._whole or self._prepare(block)
            del block
            yield rows, order
            del rows

    def _prepare(self, block: SparseRows) -> Rows:
        return scale_inputs(labelled_rows(block, len(self._weights), self._weights), self.scale)


def labelled_rows(
    data: SparseRows, classes: int = 2, class_weights: NDArray[np.float32] | None = None
) -> Rows:
    """Return the rows as steps take them, without copying.

    Parameters
    ----------
    class_weights : of each class; by default they are 1.
    """
    weights = np.ones(classes, np.float32) if class_weights is None else class_weights
    logits = 1 if classes == 2 else classes
    none = np.zeros((0, logits), np.float32)
    return Rows(data.indptr, data.indices, data.values, data.labels, weights, none)


def balanced_weights(labels: NDArray[np.float32], classes: int) -> NDArray[np.float32]:
    """Return the weight of each class, float32, shape (K,).

    It is N / (K × rows of the class), as in scikit-learn's ``balanced``. The mean over all rows is
    1. A class without rows has the weight 1, which nothing reads.
    """
    rows = np.bincount(labels.astype(np.int64), minlength=classes)
    weights: NDArray[np.float64] = len(labels) / (classes * np.maximum(rows, 1))
    return np.where(rows > 0, weights, 1).astype(np.float32)


def choose_scale(data: RowSource, terms: int, train: Train, classes: int) -> Scale | None:
    """Return by what the inputs of the first layer are multiplied, or None.

    More than two classes have one ratio each. A linear model multiplies the inputs of each logit
    by the ratios of its class. Hidden units belong to no class, so a term's scale is then the
    largest of its classes.
    """
    if train.term_scale == "none":
        return None
    scale = term_scale(data, terms, classes, train.term_scale_smoothing, train.term_scale_offset)
    return scale.max(axis=1, keepdims=True) if train.hidden else scale


def scale_inputs(rows: Rows, scale: Scale | None) -> Rows:
    """Return rows whose inputs are multiplied by a scale."""
    if scale is None:
        return rows
    if scale.shape[1] > 1:
        return rows._replace(factors=scale)
    values = scale[rows.indices, 0]
    values *= rows.values
    return rows._replace(values=values)


def fold_scale(network: Network, scale: Scale | None) -> None:
    """Multiply the first layer's weights by the scale of its inputs.

    The network then gives for plain inputs what it gave for scaled ones.
    """
    if scale is not None:
        with torch.no_grad():
            network.linear_layers()[0].weight.mul_(torch.from_numpy(scale).T)
