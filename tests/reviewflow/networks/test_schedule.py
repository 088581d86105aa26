"""Compare the learning rates with PyTorch's schedulers."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.networks.schedule import Schedule
from tests.reviewflow.networks.cases import plain_train


@given(st.integers(1, 50), st.integers(1, 20), st.integers(1, 4), st.integers(1, 3))
def test_a_linear_schedule_is_pytorchs(rows: int, size: int, epochs: int, piece: int) -> None:
    train = plain_train(learning_rate=0.5, batch_size=size, epochs=epochs, schedule="linear")
    steps = -(-rows // size)
    schedule, ours = Schedule(train, rows), []
    for _ in range(epochs):  # in pieces of some batches, the last of an epoch a shorter one
        for start in range(0, rows, size * piece):
            ours += schedule.take(min(size * piece, rows - start)).tolist()
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps * epochs)
    theirs = []
    for _ in range(steps * epochs):
        theirs.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert schedule.done == steps * epochs


def test_a_constant_schedule_has_one_rate() -> None:
    rates = Schedule(plain_train(learning_rate=0.1, batch_size=4), 10).take(10)
    assert rates.dtype == np.float32
    assert rates.tolist() == [np.float32(0.1)] * 3
