"""Compile the update of Adam for weights of which a batch touches few.

Adam (Kingma and Ba 2015) keeps a mean of each weight's gradients and of their squares. The first
layer has a row of weights a term, and a batch holds few terms. So a term's means and weights change
in steps that touch it alone, as in PyTorch's SparseAdam, and a step costs the same for any number
of terms. All other weights change in every step, as in PyTorch's Adam.

Letters: V terms, U units. Numbers are float32. The file imports nothing of the project, since
Numba's cache of compiled code looks at this file alone.
"""

# mypy: disable-error-code="untyped-decorator, no-any-return"
# (numba has no types of its own)

from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numba import njit

MEAN_KEPT, SQUARE_KEPT = 0.9, 0.999  # β₁ and β₂, PyTorch's defaults
SMALL = 1e-8  # ε, PyTorch's default
ZERO = np.float32(0)


class AdamLayer(NamedTuple):
    """The weights of a layer and what Adam keeps of them.

    Attributes
    ----------
    weights, gradient, mean, square : float32, shape (rows, U); rows of the first layer are terms.
    """

    weights: Any
    gradient: Any
    mean: Any
    square: Any


@njit(cache=True, nogil=True, error_model="numpy")
def adam_row(layer: AdamLayer, row: int, step_size: float, small: float, decay: float) -> None:
    """Change one row of weights by its gradient, which becomes zero."""
    w, g = layer.weights[row], layer.gradient[row]
    m, v = layer.mean[row], layer.square[row]
    kept, taken = np.float32(MEAN_KEPT), np.float32(1 - MEAN_KEPT)
    square_kept, square_taken = np.float32(SQUARE_KEPT), np.float32(1 - SQUARE_KEPT)
    size, least, penalty = np.float32(step_size), np.float32(small), np.float32(decay)
    for u in range(len(w)):
        slope = g[u] + penalty * w[u]
        m[u] = kept * m[u] + taken * slope
        v[u] = square_kept * v[u] + square_taken * slope * slope
        w[u] -= size * m[u] / (np.sqrt(v[u]) + least)
        g[u] = ZERO


@njit(cache=True, nogil=True)
def update_terms(
    batch: Any,
    indptr: Any,
    indices: Any,
    layer: AdamLayer,
    seen: Any,
    step: int,
    rate: float,
    decay: float,
) -> None:
    """Take step ``step`` ≥ 1 of Adam for the terms of the rows ``batch``.

    ``seen``, int64 (V,), holds the last step that changed each term.
    """
    step_size = rate * sqrt(1 - SQUARE_KEPT**step) / (1 - MEAN_KEPT**step)
    for row in batch:
        for k in range(indptr[row], indptr[row + 1]):
            term = indices[k]
            if seen[term] != step:
                seen[term] = step
                adam_row(layer, term, step_size, SMALL, decay)


@njit(cache=True, nogil=True)
def update_all(layer: AdamLayer, step: int, rate: float, decay: float) -> None:
    """Take step ``step`` ≥ 1 of Adam for all rows of a layer."""
    root = sqrt(1 - SQUARE_KEPT**step)
    for row in range(len(layer.weights)):
        adam_row(layer, row, rate * root / (1 - MEAN_KEPT**step), SMALL * root, decay)
