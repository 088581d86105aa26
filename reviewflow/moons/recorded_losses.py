"""Record the losses of a training, by step and by epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class History(NamedTuple):
    """The losses of a training, each taken before the step that it led to.

    Attributes
    ----------
    steps : float64, shape (steps,), mean over the rows of each batch.
    epochs : float64, shape (epochs,), mean over all rows of each epoch.
    """

    steps: NDArray[np.float64]
    epochs: NDArray[np.float64]


class Recorder:
    """Collects losses while a network trains.

    ``after_epoch`` is called with an epoch's number, from 1, and its loss. What it raises ends the
    training.
    """

    def __init__(self, after_epoch: Callable[[int, float], None] | None) -> None:
        self.after_epoch = after_epoch
        self.steps: list[float] = []
        self.epochs: list[float] = []
        self.total, self.rows = 0.0, 0

    def add_step(self, loss: float, rows: int) -> None:
        """Take the mean loss of a batch."""
        self.steps.append(loss)
        self.total += loss * rows
        self.rows += rows

    def end_epoch(self) -> None:
        """Take the mean over the rows since the last epoch, and report it."""
        self.epochs.append(self.total / self.rows)
        self.total, self.rows = 0.0, 0
        if self.after_epoch is not None:
            self.after_epoch(len(self.epochs), self.epochs[-1])

    def history(self) -> History:
        """Return all losses."""
        return History(np.array(self.steps), np.array(self.epochs))
