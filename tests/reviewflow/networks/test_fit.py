"""Compare each option of ``train``, on each backend, with autograd on dense rows."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from reviewflow.context import Context
from reviewflow.networks.adam_backend import AdamBackend
from reviewflow.networks.compiled_backend import CompiledBackend
from reviewflow.networks.epoch_blocks import shuffled_rows
from reviewflow.networks.fit import choose_backend, fit_network
from reviewflow.networks.linear_backend import LinearBackend
from reviewflow.networks.model import Network, initialize_weights
from reviewflow.networks.torch_backend import TorchBackend
from tests.reviewflow.networks.cases import as_split, plain_train, random_features
from tests.reviewflow.networks.reference import Reference

# "cpu:0" is the CPU too, but has no compiled step
DEVICES = ["cpu", "cpu:0", *(["cuda"] if torch.cuda.is_available() else [])]
OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "schedule": {"schedule": "linear"},
    "weight decay": {"weight_decay": 0.03},
    "strong weight decay": {"weight_decay": 1.5},  # the scale of the weights becomes tiny
    "dropout": {"dropout": 0.4},
    "class weight": {"class_weight": "balanced"},
    "naive Bayes": {"term_scale": "naive_bayes", "term_scale_offset": 0.2},
    "average": {"average_epochs": 2},
    "bias rate": {"bias_rate": 0.1},
    "all": {
        "schedule": "linear",
        "weight_decay": 0.1,
        "dropout": 0.2,
        "class_weight": "balanced",
        "term_scale": "naive_bayes",
        "term_scale_smoothing": 0.5,
        "average_epochs": 3,
    },
}


def options_for(name: str, hidden: tuple[int, ...], optimizer: str) -> dict[str, Any]:
    """Return an option's settings, less those that the model has not."""
    without = [] if hidden else ["dropout"]
    without += ["bias_rate"] if hidden or optimizer == "adam" else []
    values = {key: value for key, value in OPTIONS[name].items() if key not in without}
    return {**values, "hidden": hidden, "optimizer": optimizer, "activation": "tanh"}


def uneven_labels(rows: int, classes: int, seed: int) -> NDArray[np.float32]:
    """Return random labels of which a higher class is rarer."""
    shares = np.arange(classes, 0, -1) / np.arange(classes, 0, -1).sum()
    generator = np.random.default_rng(seed)
    return generator.choice(classes, rows, p=shares).astype(np.float32)


def compare(
    X: csr_matrix, labels: NDArray[np.float32], classes: int, values: dict[str, Any], device: str
) -> None:
    """Train both, and compare each step's loss and the weights at the end."""
    train = plain_train(**values).model_copy(update={"device": device})
    start = Network(X.shape[1], train.hidden, train.activation, classes)
    initialize_weights(start, train.init, train.seed)
    reference = Reference.start(X, labels, train, start)
    network, epochs = fit_network(as_split(X, labels), X.shape[1], train, Context(), classes)
    for epoch in epochs:
        order = shuffled_rows(len(labels), train.seed, epoch.number)
        assert epoch.losses == pytest.approx(reference.train_epoch(order), rel=1e-4, abs=2e-5)
    for ours, theirs in zip(network.parameters(), reference.result(), strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-3, atol=5e-5)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("hidden", [(), (10, 6)])
def test_every_option_follows_autograd(
    hidden: tuple[int, ...], classes: int, optimizer: str, device: str, name: str
) -> None:
    X, _ = random_features(45, 30, seed=7)
    labels = uneven_labels(45, classes, seed=1)
    values = options_for(name, hidden, optimizer)
    rate = 0.3 if optimizer == "sgd" else 0.01
    compare(
        X, labels, classes, {**values, "epochs": 4, "batch_size": 8, "learning_rate": rate}, device
    )


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(1, 40),
    terms=st.integers(2, 40),
    classes=st.integers(2, 6),
    hidden=st.sampled_from([(), (1, 1), (7, 3)]),
    batch_size=st.integers(1, 45),
    epochs=st.integers(1, 4),
    option=st.sampled_from(list(OPTIONS)),
    optimizer=st.sampled_from(["sgd", "adam"]),
    device=st.sampled_from(DEVICES),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_shape_follows_autograd(
    rows: int,
    terms: int,
    classes: int,
    hidden: tuple[int, ...],
    batch_size: int,
    epochs: int,
    option: str,
    optimizer: str,
    device: str,
    seed: int,
) -> None:
    X, _ = random_features(rows, terms, seed % 100)
    labels = uneven_labels(rows, classes, seed % 100)
    values = options_for(option, hidden, optimizer)
    values["average_epochs"] = min(values.get("average_epochs", 0), epochs)
    values |= {"batch_size": batch_size, "epochs": epochs, "seed": seed, "learning_rate": 0.01}
    compare(X, labels, classes, values, device)


@pytest.mark.parametrize(
    ("values", "device", "backend"),
    [
        ({}, "cpu", CompiledBackend),
        ({"hidden": ()}, "cpu", LinearBackend),
        ({"optimizer": "adam"}, "cpu", AdamBackend),
        ({"optimizer": "adam", "hidden": ()}, "cpu", AdamBackend),
        ({}, "cuda", TorchBackend),
        ({"hidden": (), "optimizer": "adam"}, "cuda", TorchBackend),
    ],
)
def test_compiled_steps_train_on_the_cpu(
    values: dict[str, Any], device: str, backend: type
) -> None:
    assert choose_backend(plain_train(**values, device=device)) is backend
