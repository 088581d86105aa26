"""Test the PyTorch model: initial weights, sparse input, files."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from reviewflow.errors import StoreError
from reviewflow.networks.activations import ACTIVATIONS
from reviewflow.networks.model import Csr, Network, initialize_weights, load_network, save_network
from tests.reviewflow.networks.cases import dense_network, random_features


def small_network(init: str, seed: int = 0, activation: str = "relu") -> Network:
    network = Network(200, (60, 20), activation)
    initialize_weights(network, init, seed)
    return network


def test_default_weights_are_those_of_nn_linear_after_manual_seed() -> None:
    theirs = dense_network(200, (60, 20), "relu", seed=11).parameters()
    for ours, other in zip(small_network("default", 11).parameters(), theirs, strict=True):
        assert torch.equal(ours, other)


def test_zeros_are_zero_biases_included() -> None:
    assert all(not weight.any() for weight in small_network("zeros").parameters())


def test_xavier_and_he_have_their_spread_and_zero_biases() -> None:
    xavier, he = small_network("xavier").linear_layers()[0], small_network("he").linear_layers()[0]
    assert xavier.weight.abs().max().item() == pytest.approx((6 / 260) ** 0.5, rel=0.01)
    assert he.weight.std().item() == pytest.approx((2 / 200) ** 0.5, rel=0.05)
    assert not xavier.bias.any()
    assert not he.bias.any()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_sparse_rows_give_the_logits_of_dense_ones(activation: str) -> None:
    X, _ = random_features(30, 200, seed=3)
    network = small_network("default", activation=activation)
    sparse = Csr(
        torch.from_numpy(X.indptr.astype(np.int64)),
        torch.from_numpy(X.indices.astype(np.int64)),
        torch.from_numpy(X.data),
    )
    dense = torch.from_numpy(X.toarray())
    torch.testing.assert_close(network(sparse), network(dense), rtol=0, atol=1e-6)
    reference = dense_network(200, (60, 20), activation, seed=0)(dense).squeeze(1)
    torch.testing.assert_close(network(dense), reference, rtol=0, atol=1e-6)


def test_a_saved_network_comes_back(tmp_path: Path) -> None:
    network = small_network("default", activation="tanh")
    save_network(network, {"seed": 0}, tmp_path)
    again = load_network(tmp_path)
    assert again.activation == "tanh"
    for ours, theirs in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(("classes", "shape"), [(2, (5,)), (3, (5, 3)), (7, (5, 7))])
@pytest.mark.parametrize("hidden", [(), (4,)])
def test_two_classes_have_one_logit_and_more_have_one_each(
    classes: int, shape: tuple[int, ...], hidden: tuple[int, ...], tmp_path: Path
) -> None:
    network = Network(200, hidden, "relu", classes)
    initialize_weights(network, "default", 0)
    X = torch.rand(5, 200)
    assert network(X).shape == shape
    save_network(network, {}, tmp_path)
    assert torch.equal(load_network(tmp_path)(X), network(X))


def test_a_model_of_before_has_two_classes(tmp_path: Path) -> None:
    save_network(small_network("default"), {}, tmp_path)
    path = tmp_path / "model.json"
    description = json.loads(path.read_text())
    assert description.pop("classes") == 2
    path.write_text(json.dumps(description))
    assert load_network(tmp_path).classes == 2


def test_a_broken_model_is_one_sentence(tmp_path: Path) -> None:
    save_network(small_network("default"), {}, tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"short")
    with pytest.raises(StoreError, match="--refresh train"):
        load_network(tmp_path)
