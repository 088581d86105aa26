"""Give the rows of an epoch in blocks that fit the memory.

whole rows ───▶ one block: all rows ─ shuffle
part stream ─ shuffle the parts ─▶ a block of parts ─ shuffle its rows ─▶ whole batches
                                             ▲                   └ rest ┐
                                             └──────────────────────────┘
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reviewflow.features.dataset import RowSource
from reviewflow.features.sparse_rows import SparseRows

KEPT_SHUFFLES = 8  # variants that train at the same time are seldom further apart


def epoch_blocks(
    data: RowSource, seed: int, epoch: int, batch: int
) -> Iterator[tuple[SparseRows, NDArray[np.int64]]]:
    """Yield rows, and the order in which steps take them, int64, read-only.

    All orders of an epoch together have each row once. All but the last have whole batches.
    """
    if isinstance(data, SparseRows):
        yield data, shuffled_rows(data.rows, seed, epoch)
        return
    generator, left, rest = np.random.default_rng([seed, epoch]), data.rows, None
    for numbers in data.groups(generator.permutation(len(data.folders)).tolist()):
        block = data.read(numbers, rest)
        order = generator.permutation(block.rows)
        taken = len(order) if len(order) == left else len(order) // batch * batch
        left -= taken
        rest = block.take(np.sort(order[taken:]))
        order = order[:taken].astype(np.int64)
        order.setflags(write=False)
        yield block, order
        del block  # before the next one is read


@lru_cache(maxsize=KEPT_SHUFFLES)
def shuffled_rows(rows: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of the rows in one epoch, int64 (rows,), read-only."""
    order = np.random.default_rng([seed, epoch]).permutation(rows).astype(np.int64)
    order.setflags(write=False)
    return order
