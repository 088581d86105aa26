"""Compare the NumPy network with central differences and PyTorch."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import nn

from reviewflow.errors import ConfigError, InputError
from reviewflow.moons.activation_layers import GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh
from reviewflow.moons.network import Linear, Sequential
from reviewflow.networks.model import Network
from tests.reviewflow.moons.numpy_reviews import thousand_reviews_of_each_class

SHIFT = 1e-6
ACTIVATIONS = {
    "relu": (ReLU, nn.ReLU),
    "leaky_relu": (LeakyReLU, nn.LeakyReLU),
    "tanh": (Tanh, nn.Tanh),
    "sigmoid": (Sigmoid, nn.Sigmoid),
    "gelu": (GELU, nn.GELU),
    "silu": (SiLU, nn.SiLU),
}
sizes = st.integers(1, 6)
seeds = st.integers(0, 2**32 - 1)


def central_differences(function: Callable[[], float], array: np.ndarray) -> np.ndarray:
    """Return the derivative of ``function`` by every entry of ``array``."""
    derivative = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        middle = array[place]
        array[place] = middle + SHIFT
        ahead = function()
        array[place] = middle - SHIFT
        derivative[place] = (ahead - function()) / (2 * SHIFT)
        array[place] = middle
    return derivative


def close(ours: np.ndarray, theirs: np.ndarray) -> bool:
    scale = max(np.abs(theirs).max(), 1e-3)
    return ours.shape == theirs.shape and np.abs(ours - theirs).max() / scale < 1e-6


@settings(max_examples=40, deadline=None)
@given(rows=sizes, inputs=sizes, units=sizes, seed=seeds)
def test_linear_gradients_are_central_differences(rows, inputs, units, seed):
    generator = np.random.default_rng(seed)
    layer = Linear(inputs, units, "he", generator)
    X, weights = generator.normal(size=(rows, inputs)), generator.normal(size=(rows, units))

    def value() -> float:
        return float((layer.forward(X) * weights).sum())

    value()
    dX = layer.backward(weights)
    assert close(dX, central_differences(value, X))
    assert close(layer.dW, central_differences(value, layer.W))
    assert close(layer.db, central_differences(value, layer.b))


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(sorted(ACTIVATIONS)), rows=sizes, units=sizes, seed=seeds)
def test_activation_gradients_are_central_differences(name, rows, units, seed):
    generator = np.random.default_rng(seed)
    layer = ACTIVATIONS[name][0]()
    Z, weights = generator.normal(size=(rows, units)), generator.normal(size=(rows, units))
    Z[np.abs(Z) < 1e-3] = 0.5  # a kink has no derivative

    def value() -> float:
        return float((layer.forward(Z) * weights).sum())

    value()
    assert close(layer.backward(weights), central_differences(value, Z))


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(["tanh", "sigmoid", "gelu", "silu"]),
    rows=sizes,
    inputs=sizes,
    units=sizes,
    seed=seeds,
)
def test_whole_network_gradients_are_central_differences(name, rows, inputs, units, seed):
    generator = np.random.default_rng(seed)
    activation = ACTIVATIONS[name][0]
    network = Sequential(
        Linear(inputs, units, "he", generator), activation(), Linear(units, 1, "he", generator),
        Sigmoid(),
    )  # fmt: skip
    X, y = generator.normal(size=(rows, inputs)), generator.integers(0, 2, (rows, 1)).astype(float)
    network.gradients(X, y)
    ours = [(layer.dW, layer.db) for layer in network.linear]
    for layer, (dW, db) in zip(network.linear, ours, strict=True):
        assert close(dW, central_differences(lambda: network.loss(X, y), layer.W))
        assert close(db, central_differences(lambda: network.loss(X, y), layer.b))


def test_general_backward_agrees_with_the_short_cut_through_the_last_sigmoid():
    network = Sequential(Linear(3, 4, seed=1), Tanh(), Linear(4, 1, seed=2), Sigmoid())
    X, y = np.random.default_rng(0).normal(size=(5, 3)), np.array([[0.0], [1], [1], [0], [1]])
    network.gradients(X, y)
    short = [layer.dW for layer in network.linear]
    P = network.forward(X)
    network.backward((P - y) / (P * (1 - P)) / len(y))
    for layer, dW in zip(network.linear, short, strict=True):
        np.testing.assert_allclose(layer.dW, dW, rtol=1e-12)


def both_networks(layer_sizes: tuple[int, ...], name: str) -> tuple[Sequential, nn.Sequential]:
    """Return the same network in NumPy and in PyTorch, in float64."""
    ours, theirs = ACTIVATIONS[name]
    generator = np.random.default_rng(3)
    layers, modules = [], []
    for inputs, units in pairwise(layer_sizes):
        layer, module = Linear(inputs, units, "default", generator), nn.Linear(inputs, units)
        module.double()
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(layer.W.T.copy()))
            module.bias.copy_(torch.from_numpy(layer.b))
        last = units == 1
        layers += [layer, Sigmoid() if last else ours()]
        modules += [module, nn.Sigmoid() if last else theirs()]
    return Sequential(*layers), nn.Sequential(*modules)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("batch_size", [None, 1, 7])
def test_ten_steps_agree_with_autograd(name, batch_size):
    generator = np.random.default_rng(5)
    X, y = generator.normal(size=(23, 4)), generator.integers(0, 2, 23)
    ours, theirs = both_networks((4, 9, 5, 1), name)
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.3)
    size = batch_size or len(X)
    epochs = -(-10 // -(-len(X) // size))
    losses = []
    for _ in range(epochs):
        for start in range(0, len(X), size):
            rows = torch.from_numpy(X[start : start + size])
            targets = torch.from_numpy(y[start : start + size, None].astype(float))
            loss = nn.functional.binary_cross_entropy(theirs(rows), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    history = ours.train(X, y, epochs, 0.3, batch_size)
    assert len(losses) >= 10
    np.testing.assert_allclose(history.steps, losses, rtol=0, atol=1e-10)
    modules = [module for module in theirs if isinstance(module, nn.Linear)]
    for layer, module in zip(ours.linear, modules, strict=True):
        np.testing.assert_allclose(layer.W, module.weight.detach().numpy().T, rtol=0, atol=1e-10)
        np.testing.assert_allclose(layer.b, module.bias.detach().numpy(), rtol=0, atol=1e-10)


def test_on_real_reviews_the_loss_curve_is_the_pytorch_networks():
    texts, labels = thousand_reviews_of_each_class()
    X = TfidfVectorizer(max_features=1000, stop_words="english").fit_transform(texts).toarray()
    network = Network(X.shape[1], (16,), "relu").double()
    generator = np.random.default_rng(0)
    ours = Sequential(
        Linear(X.shape[1], 16, "default", generator), ReLU(), Linear(16, 1, "default", generator),
        Sigmoid(),
    )  # fmt: skip
    with torch.no_grad():
        for module, layer in zip(network.linear_layers(), ours.linear, strict=True):
            module.weight.copy_(torch.from_numpy(layer.W.T.copy()))
            module.bias.copy_(torch.from_numpy(layer.b))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    shuffle, losses = np.random.default_rng(7), []
    for _ in range(3):
        order = shuffle.permutation(len(X))
        for start in range(0, len(X), 16):
            rows = order[start : start + 16]
            logits = network(torch.from_numpy(X[rows]))
            targets = torch.from_numpy(labels[rows].astype(float))
            loss = nn.functional.binary_cross_entropy_with_logits(logits, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    history = ours.train(X, labels, 3, 0.5, 16, shuffle=np.random.default_rng(7))
    np.testing.assert_allclose(history.steps, losses, rtol=0, atol=1e-8)
    assert history.epochs[-1] < history.epochs[0] - 0.05  # it learns
    assert (ours.predict(X) == labels).mean() > 0.75


def small() -> Sequential:
    return Sequential(Linear(2, 8, seed=0), ReLU(), Linear(8, 1, seed=1), Sigmoid())


def test_flat_and_column_targets_are_the_same_and_nothing_broadcasts():
    X = np.random.default_rng(0).normal(size=(6, 2))
    y = np.array([0, 1, 1, 0, 1, 0])
    flat, column = small(), small()
    assert flat.loss(X, y) == column.loss(X, y[:, None])
    one, other = flat.train(X, y, 3, 0.5, 4), column.train(X, y[:, None], 3, 0.5, 4)
    np.testing.assert_array_equal(one.steps, other.steps)
    P = flat.probabilities(X)
    by_hand = -np.mean([np.log(p if t else 1 - p) for p, t in zip(P, y, strict=True)])
    assert flat.loss(X, y) == pytest.approx(by_hand, rel=1e-12)
    for wrong in (y[:5], y[None, :], np.tile(y[:, None], 6), y[:1], y.reshape(3, 2), np.array(1)):
        with pytest.raises(InputError, match=r"y has the shape .*\(6,\) or \(6, 1\)"):
            flat.train(X, wrong, 1, 0.1)


def test_arguments_stay_as_they_were():
    X, y = np.random.default_rng(0).normal(size=(9, 2)), np.arange(9) % 2
    before = X.copy(), y.copy()
    network = small()
    start = network.linear[0].W
    kept = start.copy()
    network.train(X, y, 2, 0.5, 2, shuffle=np.random.default_rng(1))
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])
    np.testing.assert_array_equal(start, kept)
    assert not np.array_equal(network.linear[0].W, kept)


@pytest.mark.parametrize("logit", [-1000.0, -40.0, 40.0, 1000.0])
def test_loss_and_gradient_are_exact_where_the_output_is_saturated(logit):
    network = Sequential(Linear(1, 1, "zeros"), Sigmoid())
    network.linear[0].b = np.array([logit])
    for target in (0, 1):
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            loss = network.loss(np.ones((1, 1)), np.array([target]))
            network.gradients(np.ones((1, 1)), np.array([[float(target)]]))
        wrong = (logit > 0) != bool(target)
        assert loss == pytest.approx(abs(logit) if wrong else np.exp(-abs(logit)), rel=1e-12)
        assert abs(network.linear[0].db[0]) == pytest.approx(float(wrong), abs=1e-12)


def test_an_epochs_loss_is_the_mean_over_its_rows_though_the_last_batch_is_shorter():
    X, y = np.random.default_rng(0).normal(size=(5, 2)), np.array([0, 1, 0, 1, 1])
    history = small().train(X, y, 2, 0.1, 2)
    assert history.steps.shape == (6,)
    np.testing.assert_allclose(history.epochs, history.steps.reshape(2, 3) @ [0.4, 0.4, 0.2])


def test_float32_data_and_weights_stay_float32():
    network = small()
    for layer in network.linear:
        layer.W, layer.b = layer.W.astype(np.float32), layer.b.astype(np.float32)
    network.train(np.ones((4, 2), np.float32), np.array([0, 1, 0, 1]), 2, 0.1)
    assert {layer.W.dtype for layer in network.linear} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("init", "deviation"),
    [("default", 1 / np.sqrt(3 * 300)), ("xavier", np.sqrt(2 / 700)), ("he", np.sqrt(2 / 300)),
     (0.05, 0.05), ("zeros", 0)],
)  # fmt: skip
def test_initial_weights_have_the_deviation_that_their_source_gives(init, deviation):
    layer = Linear(300, 400, init, 1)
    assert layer.W.std() == pytest.approx(deviation, rel=0.02)
    np.testing.assert_array_equal(layer.W, Linear(300, 400, init, 1).W)
    assert (layer.b == 0).all() == (init != "default")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"learning_rate": -0.1}, "learning_rate is -0.1"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"X": np.array([[0, 1], [np.nan, 0]])}, "1 of 2 rows of X hold NaN.*row 1"),
        ({"X": np.ones((2, 3))}, r"X has the shape \(2, 3\)"),
        ({"X": np.ones((0, 2)), "y": np.ones(0)}, "at least one row"),
        ({"y": np.array([0, 2])}, "y holds 2"),
        ({"y": np.array([0, np.nan])}, "y holds nan"),
    ],
)
def test_bad_settings_and_data_give_one_sentence(change, sentence):
    arguments = {"X": np.eye(2), "y": np.array([0, 1]), "epochs": 1, "learning_rate": 0.1}
    with pytest.raises((ConfigError, InputError), match=sentence) as caught:
        small().train(**{**arguments, **change})
    assert "\n" not in str(caught.value)


def test_layers_that_do_not_fit_give_one_sentence():
    with pytest.raises(ConfigError, match=r"Linear\(2, 64\) is followed by Linear\(32, 1\)"):
        Sequential(Linear(2, 64), ReLU(), Linear(32, 1), Sigmoid())
    with pytest.raises(ConfigError, match="gives no probability"):
        Sequential(Linear(2, 1), ReLU()).predict(np.ones((1, 2)))
    with pytest.raises(ConfigError, match="at least one input"):
        Linear(0, 3)
    with pytest.raises(ConfigError, match="init 'glorot'"):
        Linear(2, 3, "glorot")


def test_after_epoch_can_end_the_training():
    epochs: list[tuple[int, float]] = []

    def stop_after_two(epoch: int, loss: float) -> None:
        epochs.append((epoch, loss))
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small().train(np.eye(2), np.array([0, 1]), 5, 0.1, after_epoch=stop_after_two)
    assert [epoch for epoch, _ in epochs] == [1, 2]
