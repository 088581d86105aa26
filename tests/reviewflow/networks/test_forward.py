"""Compiled predictions beside PyTorch's, and a row alone beside the row among others."""

import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from reviewflow.networks.activations import ACTIVATIONS
from reviewflow.networks.compiled_layers import copy_layers
from reviewflow.networks.forward import ROWS_AT_ONCE, predict_blocks, probabilities_of
from reviewflow.networks.model import Network, initialize_weights
from tests.reviewflow.networks.cases import random_features

TERMS = 30


@pytest.mark.parametrize("hidden", [(), (9,), (12, 5)])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_are_those_of_pytorch(hidden: tuple[int, ...], classes: int, activation: str) -> None:
    network = Network(TERMS, hidden, activation, classes)
    initialize_weights(network, "xavier", 4)
    X, _ = random_features(50, TERMS, seed=1)
    predicted = np.concatenate([*blocks_of(network, X)])
    with torch.no_grad():
        Z = network(torch.from_numpy(X.toarray())).double()
        expected = torch.sigmoid(Z) if classes == 2 else torch.softmax(Z, dim=1)
    assert predicted.dtype == np.float32
    assert predicted == pytest.approx(expected.numpy(), abs=1e-6)


@pytest.mark.parametrize("hidden", [(), (9, 6)])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_row_is_predicted_alike_wherever_it_stands(hidden: tuple[int, ...], classes: int) -> None:
    network = Network(TERMS, hidden, "tanh", classes)
    initialize_weights(network, "he", 0)
    X, _ = random_features(ROWS_AT_ONCE + 70, TERMS, seed=2)
    together = np.concatenate([*blocks_of(network, X)])
    assert len(together) == ROWS_AT_ONCE + 70
    for row in (0, 1, 33, ROWS_AT_ONCE - 1, ROWS_AT_ONCE, ROWS_AT_ONCE + 69):
        (alone,) = blocks_of(network, X[row])
        assert alone.tobytes() == together[row].tobytes()
    assert next(blocks_of(network, X[:0])).shape == together[:0].shape


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=6))
def test_probabilities_are_those_of_pytorch_for_any_logit(logits: list[float]) -> None:
    Z = np.array(logits, np.float32)
    several = np.stack([Z, np.zeros_like(Z), Z[::-1]], axis=1)
    for mine, theirs in (
        (probabilities_of(Z[:, None]), torch.sigmoid(torch.from_numpy(Z).double())),
        (probabilities_of(several), torch.softmax(torch.from_numpy(several).double(), dim=1)),
    ):
        np.testing.assert_allclose(mine, theirs.numpy(), rtol=2e-7, atol=1e-37)


def test_needs_no_pytorch() -> None:
    code = "import sys, reviewflow.networks.forward; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout == "False\n"


def blocks_of(network: Network, X: csr_matrix) -> Iterator[NDArray[np.float32]]:
    layers = copy_layers(network)
    return predict_blocks(layers, network.activation, X.indptr, X.indices, X.data)
