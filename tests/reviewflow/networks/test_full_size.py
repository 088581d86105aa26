"""Compare the network at its full size with a dense PyTorch loop."""

import numpy as np
import pytest
import torch

from reviewflow.networks.compiled_backend import CompiledBackend
from reviewflow.networks.epoch_blocks import shuffled_rows
from reviewflow.networks.model import Network, initialize_weights
from reviewflow.networks.training_rows import labelled_rows
from tests.reviewflow.networks.cases import (
    as_split,
    dense_losses,
    dense_network,
    plain_train,
    real_features,
)

ROWS, TERMS, HIDDEN, SEED = 20_000, 5000, (512, 128), 0
FULL = 2500  # two epochs of 1,250 steps
SHORT = 1000  # at rate 0.1 rounding drives two float32 runs apart after a few thousand steps
VARIANTS = [
    ("relu", 0.01, 16, FULL),
    ("relu", 0.001, 16, FULL),
    ("relu", 0.1, 16, SHORT),
    ("sigmoid", 0.01, 16, FULL),
    ("tanh", 0.01, 16, FULL),
    ("leaky_relu", 0.01, 16, FULL),
    ("gelu", 0.01, 16, FULL),
    ("silu", 0.01, 16, FULL),
    ("relu", 0.01, 256, 2 * 79),
]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("activation", "rate", "size", "steps"), VARIANTS)
def test_the_published_variants_follow_a_dense_loop(
    activation: str, rate: float, size: int, steps: int
) -> None:
    X, labels = real_features(ROWS, TERMS)
    network = Network(TERMS, HIDDEN, activation)
    initialize_weights(network, "default", SEED)
    train = plain_train(
        hidden=HIDDEN, activation=activation, learning_rate=rate, batch_size=size, seed=SEED
    )
    compiled = CompiledBackend(network, labelled_rows(as_split(X, labels)), train)
    dense = dense_network(TERMS, HIDDEN, activation, seed=SEED)
    rows, truth = torch.from_numpy(X.toarray()), torch.from_numpy(labels)
    ours: list[float] = []
    theirs: list[float] = []
    for epoch in (1, 2):
        order = shuffled_rows(ROWS, SEED, epoch)[: (steps - len(ours)) * size]
        if not len(order):
            break
        ours += list(compiled.take_steps(order))
        theirs += dense_losses(dense, rows, truth, list(torch.tensor(order).split(size)), rate)
    assert len(ours) == len(theirs) == steps
    means = [
        [np.mean(piece) for piece in np.array_split(losses, max(1, steps // 500))]
        for losses in (ours, theirs)
    ]
    print(f"{activation} {rate} {size}: largest gap {np.abs(np.subtract(*means)).max():.1e}")
    assert means[0] == pytest.approx(means[1], abs=1e-4)
