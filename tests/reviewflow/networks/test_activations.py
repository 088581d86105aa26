"""Compare every activation of the table, in every place, with PyTorch's."""

from collections.abc import Mapping
from typing import get_args

import numpy as np
import pytest
import torch
from torch.nn import functional

from reviewflow.context import Context
from reviewflow.errors import ConfigError
from reviewflow.evaluation.ablation import value_title
from reviewflow.moons.config import MoonsConfig
from reviewflow.moons.network import ActivationLayer
from reviewflow.moons.studies import STUDIED_ACTIVATIONS
from reviewflow.moons.training import build_network
from reviewflow.networks import compiled_sgd
from reviewflow.networks.activations import (
    ACTIVATIONS,
    Activation,
    ActivationName,
    find_activation,
)
from reviewflow.networks.compiled_sgd import activate, multiply_by_slope
from reviewflow.networks.epoch_blocks import shuffled_rows
from reviewflow.networks.fit import fit_network
from reviewflow.networks.model import Network
from tests.reviewflow.networks.cases import (
    as_split,
    dense_losses,
    dense_network,
    plain_train,
    random_features,
)

CODES: Mapping[str, int] = {
    "relu": compiled_sgd.RELU,
    "leaky_relu": compiled_sgd.LEAKY_RELU,
    "tanh": compiled_sgd.TANH,
    "sigmoid": compiled_sgd.SIGMOID,
    "gelu": compiled_sgd.GELU,
    "silu": compiled_sgd.SILU,
}
every_activation = pytest.mark.parametrize("entry", ACTIVATIONS.values(), ids=list(ACTIVATIONS))


def inputs() -> np.ndarray:
    """Return sums from −12 to 12, near zero and far out, float32, without 0."""
    near = np.logspace(-30, 0, 61)
    return np.concatenate([np.linspace(-12, 12, 4002), near, -near, [40, -40]]).astype(np.float32)


def answers(entry: Activation, Z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return PyTorch's outputs and autograd's derivatives, in float64."""
    X = torch.from_numpy(Z.astype(np.float64)).requires_grad_()
    A = getattr(functional, entry.name)(X)
    A.sum().backward()
    assert X.grad is not None
    return A.detach().numpy(), X.grad.numpy()


def test_the_table_has_the_names_that_the_configuration_accepts() -> None:
    assert tuple(ACTIVATIONS) == get_args(ActivationName)
    assert all(name == entry.name for name, entry in ACTIVATIONS.items())
    assert len({entry.title for entry in ACTIVATIONS.values()}) == len(ACTIVATIONS)
    assert set(STUDIED_ACTIVATIONS) <= set(ACTIVATIONS)


def test_the_table_has_the_numbers_of_the_compiled_code() -> None:
    assert {name: entry.code for name, entry in ACTIVATIONS.items()} == CODES
    from_input = {e.code for e in ACTIVATIONS.values() if e.derivative_from == "input"}
    assert from_input == set(compiled_sgd.FROM_SUMS)


@every_activation
def test_numpy_gives_pytorchs_outputs_and_derivatives(entry: Activation) -> None:
    Z = inputs().astype(np.float64)
    A = entry.forward(Z)
    expected, slopes = answers(entry, Z)
    np.testing.assert_allclose(A, expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(
        entry.slopes(entry.backward_input(Z, A)), slopes, rtol=1e-12, atol=1e-14
    )
    dA = np.random.default_rng(0).normal(size=Z.shape)
    np.testing.assert_allclose(
        entry.backward(dA, entry.backward_input(Z, A)), dA * slopes, rtol=1e-12, atol=1e-14
    )


@every_activation
def test_numpy_keeps_float32(entry: Activation) -> None:
    Z = inputs()
    A = entry.forward(Z)
    dZ = entry.backward(np.ones_like(A), entry.backward_input(Z, A))
    assert (A.dtype, dZ.dtype) == (np.float32, np.float32)
    expected, slopes = answers(entry, Z)
    np.testing.assert_allclose(A, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(dZ, slopes, rtol=1e-6, atol=1e-6)


def run_compiled(entry: Activation, Z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return outputs and derivatives by the compiled code, float32."""
    A, D = Z[None].copy(), np.ones((1, len(Z)), np.float32)
    sums = np.zeros_like(A) if entry.derivative_from == "input" else A[:0]
    activate(A, sums, entry.code)
    multiply_by_slope(D, A, sums, entry.code)
    return A[0], D[0]


@every_activation
def test_compiled_code_gives_pytorchs_outputs_and_derivatives(entry: Activation) -> None:
    A, slopes = run_compiled(entry, inputs())
    expected, expected_slopes = answers(entry, inputs())
    np.testing.assert_allclose(A, expected, rtol=3e-7, atol=3e-7)
    np.testing.assert_allclose(slopes, expected_slopes, rtol=3e-7, atol=6e-7)


@every_activation
def test_compiled_code_passes_on_what_is_not_a_number(entry: Activation) -> None:
    A, _ = run_compiled(entry, np.full(40, np.nan, np.float32))
    assert np.isnan(A).all()
    far, slopes = run_compiled(entry, np.array([1e30, -1e30], np.float32))
    assert np.isfinite(far).all()
    assert np.isfinite(slopes).all()


@every_activation
def test_the_steepest_slope_is_the_largest_derivative(entry: Activation) -> None:
    _, slopes = answers(entry, np.linspace(-5, 5, 100_001))
    assert entry.steepest_slope == pytest.approx(np.abs(slopes).max(), rel=1e-3)


@every_activation
@pytest.mark.parametrize("device", ["cpu", "cpu:0"])  # the second has no compiled step
def test_an_epoch_of_either_backend_is_that_of_autograd(entry: Activation, device: str) -> None:
    X, labels = random_features(90, 60, seed=2)
    train = plain_train(
        hidden=(24, 10), activation=entry.name, batch_size=8, epochs=1, learning_rate=0.1, seed=4
    ).model_copy(update={"device": device})
    network, (epoch,) = fit_network(as_split(X, labels), 60, train, Context())
    dense = dense_network(60, (24, 10), entry.name, seed=4)
    batches = list(torch.tensor(shuffled_rows(90, 4, 1)).split(8))
    expected = dense_losses(
        dense, torch.from_numpy(X.toarray()), torch.from_numpy(labels), batches, 0.1
    )
    assert epoch.losses == pytest.approx(expected, abs=1e-6)
    for ours, theirs in zip(network.parameters(), dense.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


@every_activation
def test_both_configurations_take_it_and_the_report_names_it(entry: Activation) -> None:
    assert plain_train(activation=entry.name).activation == entry.name
    moons = MoonsConfig.model_validate({"network": {"activation": entry.name}})
    network = build_network((5, 3), moons.network.activation, "he", 0)
    hidden = [layer for layer in network.layers if isinstance(layer, ActivationLayer)]
    assert [layer.function for layer in hidden[:-1]] == [entry, entry]
    assert value_title("train.activation", entry.name) == entry.title


def test_an_unknown_activation_is_an_error_everywhere() -> None:
    sentence = "'swish' is not an activation; choose relu, sigmoid, tanh, leaky_relu, gelu, silu."
    for use in (
        lambda: find_activation("swish"),
        lambda: Network(3, (2,), "swish"),
        lambda: build_network((2,), "swish", "he", 0),
        lambda: value_title("train.activation", "swish"),
    ):
        with pytest.raises(ConfigError) as caught:
            use()
        assert str(caught.value) == sentence
    A = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match="not the number of an activation"):
        activate(A, A, len(ACTIVATIONS))
    with pytest.raises(ValueError, match="not the number of an activation"):
        multiply_by_slope(A, A, A, -1)


@pytest.mark.parametrize("code", compiled_sgd.FROM_SUMS)
def test_compiled_code_refuses_to_lose_the_sums(code: int) -> None:
    A = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match="no room"):
        activate(A, A[:0], code)
    with pytest.raises(ValueError, match="not kept"):
        multiply_by_slope(A, A, A[:0], code)
