"""Test the metrics of the validation rows, and what early stopping keeps."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import roc_auc_score

from reviewflow.config.sections import EarlyStopping
from reviewflow.context import Context
from reviewflow.errors import QualityError
from reviewflow.networks.early_stopping import (
    Watch,
    accuracy,
    area_under_curve,
    log_loss,
    macro_roc_auc,
    predict_logits,
)
from reviewflow.networks.fit import fit_network
from reviewflow.networks.model import Network, initialize_weights
from tests.reviewflow.networks.cases import as_split, plain_train, random_features


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 5), st.integers(6, 60), st.integers(0, 999))
def test_metrics_are_scikit_learns(classes: int, rows: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, classes))
    labels = np.r_[np.arange(classes), generator.integers(0, classes, rows - classes)]
    shares = torch.softmax(torch.from_numpy(logits), dim=1).numpy()
    truth = labels.astype(np.float32)
    assert log_loss(logits, truth) == pytest.approx(sklearn_log_loss(labels, shares))
    assert accuracy(logits, truth) == np.mean(shares.argmax(axis=1) == labels)
    by_class = [roc_auc_score(labels == c, shares[:, c]) for c in range(classes)]
    assert macro_roc_auc(logits, truth) == pytest.approx(np.mean(by_class))
    scores = generator.integers(0, 4, rows).astype(np.float64)  # with ties
    assert area_under_curve(scores, labels == 0) == pytest.approx(
        roc_auc_score(labels == 0, scores)
    )


def test_equal_scores_count_half_and_missing_ones_have_no_area() -> None:
    assert area_under_curve(np.zeros(4), np.array([True, False, True, False])) == 0.5
    assert np.isnan(macro_roc_auc(np.full((3, 2), np.nan), np.array([0, 1, 1], np.float32)))


@pytest.mark.parametrize("classes", [2, 4])
def test_logits_are_the_networks(classes: int) -> None:
    X, labels = random_features(5000, 20, seed=3)  # more than are predicted at once
    network = Network(20, (4,), "relu", classes)
    initialize_weights(network, "he", 0)
    with torch.no_grad():
        expected = network(torch.from_numpy(X.toarray())).numpy()
    if classes == 2:
        expected = np.stack([np.zeros(5000), expected], axis=1)
    ours = predict_logits(network, as_split(X, labels))
    np.testing.assert_allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("metric", ["log_loss", "accuracy", "roc_auc"])
@pytest.mark.parametrize("term_scale", ["none", "naive_bayes"])
def test_training_ends_and_keeps_the_weights_of_the_best_epoch(
    metric: str, term_scale: str
) -> None:
    X, labels = random_features(90, 300, seed=6)  # few rows: it overfits
    labels[::4] = 1 - labels[::4]
    data, validation = as_split(X[:60], labels[:60]), as_split(X[60:], labels[60:])
    values = {"hidden": (), "learning_rate": 20, "batch_size": 4, "device": "cpu"}
    stopping = {"metric": metric, "patience": 3}
    train = plain_train(**values, epochs=60, early_stopping=stopping, term_scale=term_scale)
    network, epochs = fit_network(data, 300, train, Context(), 2, validation)
    scores = []
    for epoch in range(1, len(epochs) + 1):
        shorter = plain_train(**values, epochs=epoch, term_scale=term_scale)
        other, _ = fit_network(data, 300, shorter, Context())
        logits = predict_logits(other, validation)
        assert epochs[epoch - 1].validation_loss == log_loss(logits, validation.labels)
        scores.append(
            {"log_loss": lambda x, y: -log_loss(x, y), "accuracy": accuracy}.get(
                metric, macro_roc_auc
            )(logits, validation.labels)
        )
    best = int(np.argmax(scores))
    assert len(epochs) == best + 1 + 3 < 60
    kept, _ = fit_network(
        data, 300, plain_train(**values, epochs=best + 1, term_scale=term_scale), Context()
    )
    for ours, theirs in zip(network.parameters(), kept.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_without_early_stopping_nothing_is_measured() -> None:
    X, labels = random_features(20, 10, seed=0)
    data = as_split(X, labels)
    _, epochs = fit_network(data, 10, plain_train(hidden=(), device="cpu"), Context(), 2, data)
    assert [epoch.validation_loss for epoch in epochs] == [None] * 10


def test_rows_that_cannot_be_measured_are_one_sentence() -> None:
    X, _ = random_features(4, 10, seed=0)
    stopping = EarlyStopping(metric="roc_auc")
    with pytest.raises(QualityError, match="validation rows, but they are missing; raise"):
        Watch(None, stopping)
    with pytest.raises(QualityError, match="validation rows, but they are missing; raise"):
        Watch(as_split(X[:0], np.zeros(0, np.float32)), stopping)
    one_class = as_split(X, np.ones(4, np.float32))
    with pytest.raises(QualityError, match="have labels of one class only"):
        Watch(one_class, stopping)
    Watch(one_class, EarlyStopping(metric="log_loss"))


def test_a_training_that_diverges_at_once_keeps_its_last_weights() -> None:
    X, labels = random_features(40, 10, seed=0)
    data = as_split(X * np.float32(1e30), labels)
    train = plain_train(
        hidden=(), learning_rate=1000, epochs=9, early_stopping={"patience": 2}, device="cpu"
    )
    network, epochs = fit_network(data, 10, train, Context(), 2, data)
    assert len(epochs) <= 9
    assert network.linear_layers()[0].weight.shape == (1, 10)
