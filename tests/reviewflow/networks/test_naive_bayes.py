"""Compare the log-count ratios with Wang and Manning's formula."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.naive_bayes import MultinomialNB

from reviewflow.context import Context
from reviewflow.networks.fit import fit_network
from reviewflow.networks.naive_bayes import term_scale
from tests.reviewflow.networks.cases import (
    as_split,
    dense_losses,
    dense_network,
    plain_train,
    random_features,
)


def published_ratio(
    X: csr_matrix, positive: NDArray[np.bool_], smoothing: float
) -> NDArray[np.float64]:
    """Return r of Wang and Manning 2012, equation 1, with presence as f."""
    f = X.toarray() > 0
    p, q = smoothing + f[positive].sum(axis=0), smoothing + f[~positive].sum(axis=0)
    ratio: NDArray[np.float64] = np.log((p / np.abs(p).sum()) / (q / np.abs(q).sum()))
    return ratio


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(1, 30),
    terms=st.integers(2, 20),
    classes=st.sampled_from([2, 3, 5]),
    smoothing=st.sampled_from([0.1, 1.0, 3.0]),
    offset=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 99),
)
def test_the_scale_is_the_size_of_the_published_ratio(
    rows: int, terms: int, classes: int, smoothing: float, offset: float, seed: int
) -> None:
    X, _ = random_features(rows, terms, seed)
    labels = np.random.default_rng(seed).integers(0, classes, rows).astype(np.float32)
    scale = term_scale(as_split(X, labels), terms, classes, smoothing, offset)
    columns = (1,) if classes == 2 else range(classes)
    expected = [np.abs(published_ratio(X, labels == c, smoothing)) + offset for c in columns]
    np.testing.assert_allclose(scale, np.stack(expected, axis=1), rtol=1e-5, atol=1e-6)
    assert scale.dtype == np.float32


def test_the_ratio_is_that_of_scikit_learns_naive_bayes() -> None:
    X, labels = random_features(80, 12, seed=4)
    model = MultinomialNB(alpha=1.0).fit(X > 0, labels)
    ratio = model.feature_log_prob_[1] - model.feature_log_prob_[0]
    scale = term_scale(as_split(X, labels), 12, 2, 1.0, 0.0)
    np.testing.assert_allclose(scale[:, 0], np.abs(ratio), rtol=1e-5)


def test_a_stored_zero_is_no_presence() -> None:
    X = csr_matrix(np.array([[0.5, 0.5], [0.5, 0.5]], np.float32))
    X.data[1] = 0
    ratio = term_scale(as_split(X, np.array([0, 1], np.float32)), 2, 2, 1.0, 0.0)[:, 0]
    assert ratio == pytest.approx(np.abs([np.log(2 / 4 / (2 / 3)), np.log(2 / 4 / (1 / 3))]))


@pytest.mark.parametrize("hidden", [(), (7,)])
@pytest.mark.parametrize("device", ["cpu", "cpu:0"])  # the second has no compiled step
def test_folded_weights_give_the_outputs_of_scaled_inputs(
    hidden: tuple[int, ...], device: str
) -> None:
    X, labels = random_features(60, 25, seed=5)
    settings_ = plain_train(
        hidden=hidden,
        term_scale="naive_bayes",
        term_scale_offset=0.3,
        term_scale_smoothing=0.5,
        batch_size=60,
        epochs=20,
        learning_rate=1.0,
    ).model_copy(update={"device": device})
    network, epochs = fit_network(as_split(X, labels), 25, settings_, Context())

    scaled = X.toarray() * (np.abs(published_ratio(X, labels == 1, 0.5)) + 0.3).astype(np.float32)
    dense = dense_network(25, hidden, "relu", seed=0)
    inputs, truth = torch.from_numpy(scaled.astype(np.float32)), torch.from_numpy(labels)
    expected = dense_losses(dense, inputs, truth, [torch.arange(60)] * 20, 1.0)
    assert [float(epoch.losses[0]) for epoch in epochs] == pytest.approx(expected, abs=1e-5)
    with torch.no_grad():
        ours = network(torch.from_numpy(X.toarray()))
        torch.testing.assert_close(ours, dense(inputs).squeeze(1), rtol=1e-4, atol=1e-4)
