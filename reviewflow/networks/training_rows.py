"""Prepare the training rows: class weights and scaled inputs.

SparseRows ─┬─ labels ───────▶ class weights ─┬─▶ Rows ─▶ steps
            └─ naive Bayes ──▶ term scale ────┘
                                   └────────────▶ folded into the trained weights
"""

import numpy as np
import torch
from numpy.typing import NDArray

from reviewflow.config.sections import Train
from reviewflow.features.dataset import SparseRows
from reviewflow.networks.compiled_sgd import Rows
from reviewflow.networks.model import Network
from reviewflow.networks.naive_bayes import term_scale

Scale = NDArray[np.float32]  # shape (V, 1), or (V, K) with a column for each logit


def labelled_rows(data: SparseRows, classes: int = 2, balanced: bool = False) -> Rows:
    """Return the rows as steps take them, without copying."""
    weights = balanced_weights(data.labels, classes) if balanced else np.ones(classes, np.float32)
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


def choose_scale(data: SparseRows, terms: int, train: Train, classes: int) -> Scale | None:
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
    return rows._replace(values=rows.values * scale[rows.indices, 0])


def fold_scale(network: Network, scale: Scale | None) -> None:
    """Multiply the first layer's weights by the scale of its inputs.

    The network then gives for plain inputs what it gave for scaled ones.
    """
    if scale is not None:
        with torch.no_grad():
            network.linear_layers()[0].weight.mul_(torch.from_numpy(scale).T)
