"""Compare the compiled step with PyTorch's autograd on dense rows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reviewflow.networks.activations import ACTIVATIONS
from reviewflow.networks.compiled_backend import CompiledBackend
from reviewflow.networks.compiled_layers import write_layers
from reviewflow.networks.epoch_blocks import shuffled_rows
from reviewflow.networks.model import Network, initialize_weights
from reviewflow.networks.training_rows import labelled_rows
from tests.reviewflow.networks.cases import (
    as_split,
    dense_losses,
    dense_network,
    plain_train,
    random_features,
    real_features,
)

TERMS = 300


def compare_with_autograd(
    rows: int,
    hidden: tuple[int, ...],
    activation: str,
    batch_size: int,
    order: NDArray[np.int64],
    rate: float = 0.01,
) -> None:
    """Same initial weights, same batches: losses and weights within 1e-6."""
    X, labels = random_features(rows, TERMS, seed=rows)
    train = plain_train(
        hidden=hidden, activation=activation, batch_size=batch_size, learning_rate=rate, seed=3
    )
    network = Network(TERMS, hidden, activation)
    initialize_weights(network, "default", 3)
    compiled = CompiledBackend(network, labelled_rows(as_split(X, labels)), train)
    losses = compiled.take_steps(order)

    dense = dense_network(TERMS, hidden, activation, seed=3)
    batches = list(torch.from_numpy(order).split(batch_size))
    expected = dense_losses(
        dense, torch.from_numpy(X.toarray()), torch.from_numpy(labels), batches, rate
    )

    assert losses == pytest.approx(expected, abs=1e-6)
    write_layers(compiled.current_layers(), network)
    trained = network.parameters()
    for ours, theirs in zip(trained, dense.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batch_size", [1, 16, 256])
def test_twenty_steps_with_a_short_last_batch_equal_autograd(
    activation: str, batch_size: int
) -> None:
    rows = 19 * batch_size + (batch_size + 1) // 2
    order = np.random.default_rng(0).permutation(rows).astype(np.int64)
    compare_with_autograd(rows, (64, 24), activation, batch_size, order)


@pytest.mark.parametrize("hidden", [(7,), (33, 9, 5), (1, 1)])
def test_any_number_of_layers_and_odd_sizes_equal_autograd(hidden: tuple[int, ...]) -> None:
    for activation in ("relu", "tanh", "gelu"):
        order = np.random.default_rng(1).permutation(50).astype(np.int64)
        compare_with_autograd(50, hidden, activation, 8, order)


@settings(deadline=None, max_examples=20)
@given(
    activation=st.sampled_from(list(ACTIVATIONS)),
    batch_size=st.integers(1, 12),
    picks=st.lists(st.integers(0, 39), min_size=1, max_size=30),
)
def test_rows_that_come_again_and_batches_of_empty_rows(
    activation: str, batch_size: int, picks: list[int]
) -> None:
    compare_with_autograd(40, (10, 6), activation, batch_size, np.array([1, *picks, 1]))


@pytest.mark.parametrize(
    ("activation", "rate"),
    [("relu", 0.01), ("tanh", 0.01), ("gelu", 0.1), ("silu", 0.1), ("relu", 0.1)],
)
def test_two_epochs_on_real_reviews_follow_a_dense_loop(activation: str, rate: float) -> None:
    X, labels = real_features(2000, 1000)
    hidden, size = (64, 16), 16
    network = Network(1000, hidden, activation)
    initialize_weights(network, "default", 5)
    train = plain_train(hidden=hidden, activation=activation, learning_rate=rate, seed=5)
    compiled = CompiledBackend(network, labelled_rows(as_split(X, labels)), train)
    dense = dense_network(1000, hidden, activation, seed=5)
    rows, truth = torch.from_numpy(X.toarray()), torch.from_numpy(labels)
    for epoch in (1, 2):
        order = shuffled_rows(2000, 5, epoch)
        batches = list(torch.tensor(order).split(size))
        expected = dense_losses(dense, rows, truth, batches, rate)
        assert compiled.take_steps(order).mean() == pytest.approx(np.mean(expected), abs=1e-4)


def test_pieces_of_an_epoch_give_the_weights_of_the_whole() -> None:
    X, labels = random_features(64, TERMS, seed=2)
    weights = []
    for cuts in ([64], [8, 16, 17, 64], [24, 64]):
        network = Network(TERMS, (16,), "relu")
        initialize_weights(network, "he", 0)
        compiled = CompiledBackend(
            network, labelled_rows(as_split(X, labels)), plain_train(hidden=(16,), batch_size=4)
        )
        start = 0
        for end in (cut // 4 * 4 for cut in cuts):
            compiled.take_steps(np.arange(start, end))
            start = end
        weights.append([w.tobytes() for w in compiled.current_layers().weights])
    assert weights[0] == weights[1] == weights[2]
