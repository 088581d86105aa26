"""Cut the rows of an epoch into batches, and keep a step's memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


def epoch_batches(
    X: Array, y: Array, size: int, shuffle: np.random.Generator | None
) -> Iterator[tuple[Array, Array]]:
    """Yield the rows of X and y in batches of ``size``, the last one shorter.

    ``shuffle`` draws a new order of the rows. None keeps theirs.
    """
    if shuffle is not None:
        order = shuffle.permutation(len(X))
        X, y = X[order], y[order]
    for start in range(0, len(X), size):
        yield X[start : start + size], y[start : start + size]


def keep_freed_memory() -> None:
    """Have the C library keep the memory of a step for the next one.

    glibc returns freed memory to the system beyond a threshold that grows with the largest block
    freed so far. Getting it back costs more than the arithmetic at 2,000 rows.
    """
    np.empty(31 << 20, np.uint8)
