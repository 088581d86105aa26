"""The groups of steps in the plot of the losses."""

import numpy as np
import pytest

from reviewflow.moons.plots import loss_windows


@pytest.mark.parametrize("steps", [1, 2, 100, 5000])
def test_windows_cover_every_step_once(steps):
    losses = np.full(steps, 3.0)
    middles, tenths, medians, ninetieths = loss_windows(losses)
    assert (np.diff(middles) > 0).all()
    assert middles[0] >= 1
    assert middles[-1] <= steps
    assert (tenths == 3).all()
    assert (medians == 3).all()
    assert (ninetieths == 3).all()
