"""Give each step its learning rate."""

import numpy as np
from numpy.typing import NDArray

from reviewflow.config.sections import Train


class Schedule:
    """The learning rates of a training, step after step.

    A constant schedule has one rate. A linear one falls from it to 0 over the steps of all epochs:
    step s of S, counted from 0, has the rate × (1 − s / S).

    Parameters
    ----------
    train : settings.
    rows : N, the number of training rows.

    Attributes
    ----------
    done : number of steps that were taken.
    """

    def __init__(self, train: Train, rows: int) -> None:
        self._train = train
        self._total = train.epochs * -(-rows // train.batch_size)
        self.done = 0

    def take(self, rows: int) -> NDArray[np.float32]:
        """Return the rates of the next steps, those that take ``rows`` rows."""
        steps = np.arange(self.done, self.done - (-rows // self._train.batch_size))
        self.done += len(steps)
        left = 1 - steps / self._total if self._train.schedule == "linear" else 1.0
        return np.full(len(steps), self._train.learning_rate * left, np.float32)
