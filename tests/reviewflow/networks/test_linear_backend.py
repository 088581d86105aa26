"""Compare compiled steps of a linear model with autograd and scikit-learn."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from reviewflow.context import Context
from reviewflow.networks.compiled_layers import write_layers
from reviewflow.networks.compiled_linear import logit_deltas
from reviewflow.networks.compiled_sgd import logit_deltas as other_logit_deltas
from reviewflow.networks.fit import fit_network
from reviewflow.networks.linear_backend import LinearBackend
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
from tests.reviewflow.networks.reference import log_count_ratios


@settings(deadline=None, max_examples=30)
@given(
    rows=st.integers(1, 40),
    terms=st.integers(2, 60),
    batch_size=st.integers(1, 50),
    rate=st.sampled_from([0.01, 1.0, 5.0]),  # at 20, steps multiply differences of rounding
    seed=st.integers(0, 3),
)
def test_steps_equal_autograds(
    rows: int, terms: int, batch_size: int, rate: float, seed: int
) -> None:
    X, labels = random_features(rows, terms, seed)
    order = np.random.default_rng(seed).integers(0, rows, 2 * rows + 1)  # rows come again
    network = Network(terms, (), "relu")
    initialize_weights(network, "default", seed)
    train = plain_train(hidden=(), batch_size=batch_size, learning_rate=rate)
    linear = LinearBackend(network, labelled_rows(as_split(X, labels)), train)
    losses = linear.take_steps(order)

    dense = dense_network(terms, (), "relu", seed)
    batches = list(torch.from_numpy(order).split(batch_size))
    expected = dense_losses(
        dense, torch.from_numpy(X.toarray()), torch.from_numpy(labels), batches, rate
    )
    assert losses == pytest.approx(expected, rel=1e-5, abs=1e-5)
    write_layers(linear.current_layers(), network)
    trained = network.parameters()
    for ours, theirs in zip(trained, dense.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_pieces_of_an_epoch_give_the_weights_of_the_whole() -> None:
    X, labels = random_features(64, 30, seed=2)
    rows, weights = labelled_rows(as_split(X, labels)), []
    for cuts in ([64], [8, 16, 64]):
        network = Network(30, (), "relu")
        initialize_weights(network, "zeros", 0)
        linear = LinearBackend(network, rows, plain_train(hidden=(), batch_size=4))
        for start, end in zip([0, *cuts], cuts, strict=False):
            linear.take_steps(np.arange(start, end))
        weights.append(linear.current_layers().weights[0].tobytes())
    assert weights[0] == weights[1]


def test_real_reviews_reach_the_accuracy_of_scikit_learn() -> None:
    X, labels = real_features(2000, 3000)
    train = plain_train(
        hidden=(), batch_size=8, learning_rate=2, epochs=10, init="zeros", device="cpu"
    )
    network, epochs = fit_network(as_split(X[:1500], labels[:1500]), 3000, train, Context())
    with torch.no_grad():
        logits = network(torch.from_numpy(X[1500:].toarray())).numpy()
    theirs = LogisticRegression().fit(X[:1500], labels[:1500]).score(X[1500:], labels[1500:])
    assert np.mean((logits > 0) == labels[1500:]) > theirs - 0.02
    assert epochs[-1].losses.mean() < epochs[0].losses.mean()


@pytest.mark.parametrize(  # scikit-learn cannot scale the inputs of each class apart
    ("classes", "term_scale"), [(2, "none"), (3, "none"), (2, "naive_bayes")]
)
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_weight_decay_has_the_optimum_of_scikit_learns_penalty(
    classes: int, term_scale: str, class_weight: str | None
) -> None:
    """λ = 1 / (C × N): scikit-learn adds up losses where we take their mean."""
    X, _ = random_features(120, 15, seed=8)
    generator = np.random.default_rng(0)
    noisy = X.toarray()[:, :classes] + generator.normal(0, 0.1, (120, classes))
    labels = (noisy / [1, 1, 2][:classes]).argmax(axis=1).astype(np.float32)
    train = plain_train(
        hidden=(),
        learning_rate=20,
        schedule="linear",
        batch_size=120,
        epochs=4000,
        weight_decay=1 / (2.0 * 120),
        term_scale=term_scale,
        class_weight=class_weight or "none",
        device="cpu",
    )
    network, _ = fit_network(as_split(X, labels), 15, train, Context(), classes)
    inputs = X.toarray().astype(np.float64)
    if term_scale == "naive_bayes":
        inputs *= np.abs(log_count_ratios(X, labels, classes, 1.0))[:, 0]
    model = LogisticRegression(C=2.0, class_weight=class_weight, tol=1e-9, max_iter=5000)
    model.fit(inputs, labels)
    with torch.no_grad():
        ours = network(torch.from_numpy(X.toarray())).double().numpy()
    theirs = model.decision_function(inputs)
    if classes > 2:  # softmax does not see a number added to all logits
        ours, theirs = ours - ours.mean(1)[:, None], theirs - theirs.mean(1)[:, None]
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_both_compiled_files_have_one_loss() -> None:
    """Compiled code may not call into another file, so both have the function."""
    sources = [inspect.getsource(each.py_func) for each in (logit_deltas, other_logit_deltas)]
    assert sources[0] == sources[1]
