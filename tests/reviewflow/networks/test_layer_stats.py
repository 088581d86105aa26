"""Test gradient norms, and dead, saturated and identical units."""

import numpy as np
import pytest
import torch

from reviewflow.networks.activations import ACTIVATIONS
from reviewflow.networks.compiled_layers import copy_layers
from reviewflow.networks.layer_stats import (
    SAMPLE_ROWS,
    distinct_units,
    flat_share,
    measure_layers,
)
from reviewflow.networks.model import Network, initialize_weights
from reviewflow.networks.training_rows import labelled_rows
from tests.conftest import ROOT
from tests.reviewflow.networks.cases import as_split, random_features


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_norms_are_those_of_autograd_and_weights_stay(activation: str) -> None:
    X, labels = random_features(50, 30, seed=0)
    network = Network(30, (12, 6), activation)
    initialize_weights(network, "default", 0)
    layers = copy_layers(network)
    before = [weights.copy() for weights in layers.weights]
    rows = labelled_rows(as_split(X, labels))
    stats = measure_layers(layers, rows, ACTIVATIONS[activation])
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        network(torch.from_numpy(X.toarray())), torch.from_numpy(labels)
    )
    loss.backward()
    norms = [float(layer.weight.grad.norm()) for layer in network.linear_layers()]
    assert stats.gradient_norms == pytest.approx(norms, rel=1e-5)
    assert all(np.array_equal(a, b) for a, b in zip(before, layers.weights, strict=True))
    assert stats.distinct_units == [12, 6]
    assert stats.rows == 50


def test_a_linear_model_has_the_gradient_of_autograd_and_no_units() -> None:
    X, labels = random_features(50, 30, seed=0)
    network = Network(30, (), "relu")
    initialize_weights(network, "default", 0)
    rows = labelled_rows(as_split(X, labels))
    stats = measure_layers(copy_layers(network), rows, ACTIVATIONS["relu"])
    logits = network(torch.from_numpy(X.toarray()))
    torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.from_numpy(labels)
    ).backward()
    norm = float(network.linear_layers()[0].weight.grad.norm())
    assert stats.gradient_norms == pytest.approx([norm], rel=1e-5)
    assert stats.dead_shares == stats.saturated_shares == stats.distinct_units == []


def test_zero_weights_make_all_units_the_same() -> None:
    X, labels = random_features(50, 30, seed=0)
    network = Network(30, (12, 6), "relu")
    initialize_weights(network, "zeros", 0)
    rows = labelled_rows(as_split(X, labels))
    stats = measure_layers(copy_layers(network), rows, ACTIVATIONS["relu"])
    assert stats.distinct_units == [1, 1]
    assert stats.dead_shares == [1.0, 1.0]
    assert stats.gradient_norms[0] == 0


def test_dead_and_saturated_units_are_counted_over_the_whole_sample() -> None:
    outputs = np.array([[0, 0, 1], [0, 2, 0]], np.float32)
    assert flat_share(outputs, ACTIVATIONS["relu"]) == pytest.approx(1 / 3)
    assert flat_share(outputs, ACTIVATIONS["leaky_relu"]) == 0
    flat = np.array([[0.9999, -0.9999, 0.1], [-0.9999, 0.5, 0.1]], np.float32)
    assert flat_share(flat, ACTIVATIONS["tanh"]) == pytest.approx(1 / 3)
    assert flat_share((flat + 1) / 2, ACTIVATIONS["sigmoid"]) == pytest.approx(1 / 3)
    sums = np.array([[-9, -9, -1], [-20, 1, 20]], np.float32)
    assert flat_share(sums, ACTIVATIONS["gelu"]) == pytest.approx(1 / 3)
    assert flat_share(sums, ACTIVATIONS["silu"]) == pytest.approx(1 / 3)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_units_that_stay_far_below_zero_are_dead_or_saturated_as_the_table_says(name: str) -> None:
    X, labels = random_features(50, 30, seed=0)
    network = Network(30, (12, 6), name)
    initialize_weights(network, "he", 0)
    layers = copy_layers(network)
    layers.biases[0][:4] = -100
    rows = labelled_rows(as_split(X, labels))
    stats = measure_layers(layers, rows, ACTIVATIONS[name])
    share = pytest.approx(1 / 3)
    flat_units = ACTIVATIONS[name].flat_units
    assert stats.dead_shares[0] == (share if flat_units == "dead" else 0)
    assert stats.saturated_shares[0] == (share if flat_units == "saturated" else 0)


def test_a_sum_that_is_not_a_number_is_neither_dead_nor_saturated() -> None:
    values = np.full((3, 2), np.nan, np.float32)
    assert [flat_share(values, entry) for entry in ACTIVATIONS.values()] == [0.0] * len(ACTIVATIONS)


def test_identical_units_and_weights_that_are_not_numbers() -> None:
    weights = np.random.default_rng(0).normal(size=(500, 6)).astype(np.float32)
    biases = np.zeros(6, np.float32)
    assert distinct_units(weights, biases) == 6
    weights[:, 3] = weights[:, 1] * np.float32(1 + 1e-7)
    assert distinct_units(weights, biases) == 5
    weights[0, 0] = np.nan
    assert distinct_units(weights, biases) == 0


def test_the_page_names_the_size_of_the_sample() -> None:
    """A unit that is on for few rows may look dead on a sample (finding W4)."""
    page = ROOT / "reviewflow" / "reporting" / "page" / "templates" / "report.html"
    assert f"a sample of at most {SAMPLE_ROWS} training rows" in page.read_text(encoding="utf-8")
