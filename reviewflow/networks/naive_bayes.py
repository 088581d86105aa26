"""Scale terms by how differently the classes use them.

labels, terms of each row ─ count ─▶ rows of each class with each term ─▶ log-count ratios ─▶ scale

The log-count ratio of a term is that of naive Bayes. A linear model whose inputs are multiplied by
it is the NB-SVM of Wang and Manning 2012, "Baselines and Bigrams". Terms that tell the classes
apart learn faster and are penalised less than others.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from reviewflow.features.dataset import RowSource


def term_scale(
    data: RowSource, terms: int, classes: int, smoothing: float, offset: float
) -> NDArray[np.float32]:
    """Return |log-count ratio| + offset of each term and class.

    The sign is left out, because the weight of the term learns it: a model with the ratio itself
    has the same outputs with the weight's sign turned. So an offset raises every scale. A term that
    all classes use alike keeps the scale ``offset`` and does not vanish.

    Parameters
    ----------
    data : training rows.
    terms : V, the number of terms in the vocabulary.
    classes : K.
    smoothing : added to the number of rows of each class that hold a term.

    Returns
    -------
    array
        float32, shape (V, 1) for two classes, otherwise (V, K), each class against all others.
    """
    counts = np.zeros((terms, classes), np.int32)
    for piece in data.pieces():
        count_rows(piece.indptr, piece.indices, piece.values, piece.labels, counts)
    total = counts.sum(axis=1, keepdims=True)
    # of two classes one is enough: the ratio of the other is the same with the other sign
    ratios = log_count_ratios(counts[:, 1:] if classes == 2 else counts, total, smoothing)
    scale: NDArray[np.float32] = (np.abs(ratios) + offset).astype(np.float32)
    return scale


def log_count_ratios(
    counts: NDArray[np.integer[Any]], total: NDArray[np.integer[Any]], smoothing: float
) -> NDArray[np.float64]:
    """Return the ratios log((p / ‖p‖₁) / (q / ‖q‖₁)), shape (V, C).

    Parameters
    ----------
    counts : shape (V, C), rows of each of C classes that hold each term. p is ``smoothing`` + the
        count of a class, q ``smoothing`` + the count of all other classes.
    total : shape (V, 1), rows of all classes that hold each term.
    """
    p, q = smoothing + counts, smoothing + (total - counts)
    ratios: NDArray[np.float64] = np.log(p / p.sum(axis=0)) - np.log(q / q.sum(axis=0))
    return ratios


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def count_rows(indptr: Any, indices: Any, values: Any, labels: Any, counts: Any) -> None:
    """Add the rows of each class that hold each term to counts, (V, K)."""
    for row in range(len(labels)):
        for k in range(indptr[row], indptr[row + 1]):
            counts[indices[k], int(labels[row])] += values[k] != 0
