"""Gradient norms against autograd; dead, saturated and twin units on made cases."""

import numpy as np
import pytest
import torch

from reviewflow.networks.compiled_backend import activation_code, labelled_rows, layers_of
from reviewflow.networks.compiled_sgd import LEAKY_RELU, RELU, SIGMOID, TANH
from reviewflow.networks.layer_stats import dead_share, distinct_units, evidence, saturated_share
from reviewflow.networks.model import Network, fill_weights
from tests.reviewflow.networks.cases import ACTIVATIONS, as_split, random_features


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_norms_are_those_of_autograd_and_weights_stay(activation: str) -> None:
    X, labels = random_features(50, 30, seed=0)
    network = Network(30, (12, 6), activation)
    fill_weights(network, "default", 0)
    layers = layers_of(network)
    before = [weights.copy() for weights in layers.weights]
    sample = np.arange(50)
    seen = evidence(layers, labelled_rows(as_split(X, labels)), sample, activation_code(activation))
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        network(torch.from_numpy(X.toarray())), torch.from_numpy(labels)
    )
    loss.backward()
    norms = [float(layer.weight.grad.norm()) for layer in network.linear_layers()]
    assert seen.gradient_norms == pytest.approx(norms, rel=1e-5)
    assert all(np.array_equal(a, b) for a, b in zip(before, layers.weights, strict=True))
    assert seen.distinct_units == [12, 6]


def test_zero_weights_make_all_units_the_same() -> None:
    X, labels = random_features(50, 30, seed=0)
    network = Network(30, (12, 6), "relu")
    fill_weights(network, "zeros", 0)
    seen = evidence(layers_of(network), labelled_rows(as_split(X, labels)), np.arange(50), RELU)
    assert seen.distinct_units == [1, 1]
    assert seen.dead_shares == [1.0, 1.0]
    assert seen.gradient_norms[0] == 0


def test_dead_and_saturated_units_are_counted_over_the_whole_sample() -> None:
    outputs = np.array([[0, 0, 1], [0, 2, 0]], np.float32)
    assert dead_share(outputs, RELU) == pytest.approx(1 / 3)
    assert dead_share(outputs, LEAKY_RELU) == 0
    flat = np.array([[0.9999, -0.9999, 0.1], [-0.9999, 0.5, 0.1]], np.float32)
    assert saturated_share(flat, TANH) == pytest.approx(1 / 3)
    assert saturated_share((flat + 1) / 2, SIGMOID) == pytest.approx(1 / 3)
    assert saturated_share(flat, RELU) == 0


def test_twins_and_weights_that_are_no_numbers() -> None:
    weights = np.random.default_rng(0).normal(size=(500, 6)).astype(np.float32)
    biases = np.zeros(6, np.float32)
    assert distinct_units(weights, biases) == 6
    weights[:, 3] = weights[:, 1] * np.float32(1 + 1e-7)
    assert distinct_units(weights, biases) == 5
    weights[0, 0] = np.nan
    assert distinct_units(weights, biases) == 0
