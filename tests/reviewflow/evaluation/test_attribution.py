"""Compare attributions with PyTorch's gradients and with words struck out."""

from pathlib import Path

import numpy as np
import pytest
import torch

from reviewflow.context import Context
from reviewflow.evaluation.attribution import attribute_rows, read_weights
from reviewflow.features.feature_parts import Part
from reviewflow.networks.activations import ACTIVATIONS
from reviewflow.networks.model import Network, initialize_weights, save_network

TERMS, ROWS = 30, 300


def some_rows() -> tuple[Part, torch.Tensor]:
    """Return sparse rows, among them an empty one, and the same rows dense."""
    generator = np.random.default_rng(4)
    dense = generator.random((ROWS, TERMS), np.float32)
    dense *= generator.random((ROWS, TERMS)) < 0.2
    dense[3] = 0
    rows, terms = np.nonzero(dense)
    ends = np.searchsorted(rows, np.arange(ROWS + 1)).astype(np.int64)
    nothing = np.zeros(ROWS, np.float32)
    part = Part(ends, terms.astype(np.int32), dense[rows, terms], nothing, np.zeros(ROWS, np.int8))
    return part, torch.tensor(dense)


@pytest.mark.parametrize("hidden", [(), (8,), (16, 5)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_value_times_pytorchs_gradient(
    activation: str, hidden: tuple[int, ...], tmp_path: Path
) -> None:
    network = Network(TERMS, hidden, activation)
    initialize_weights(network, "he", 1)
    save_network(network, {}, tmp_path)
    part, dense = some_rows()
    chosen = np.delete(np.arange(ROWS), [5, 250])
    attributions = attribute_rows(read_weights(tmp_path), part, chosen, Context())
    X = dense[chosen].requires_grad_()
    answers = network(X)
    answers.sum().backward()
    assert X.grad is not None
    expected = (X * X.grad).detach().numpy()
    np.testing.assert_allclose(
        attributions.log_odds, answers.detach().numpy(), rtol=1e-4, atol=1e-5
    )
    for row in range(len(chosen)):
        entries = slice(attributions.indptr[row], attributions.indptr[row + 1])
        terms = attributions.indices[entries]
        assert (np.flatnonzero(dense[chosen[row]]) == terms).all()
        np.testing.assert_allclose(
            attributions.values[entries], expected[row, terms], rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("hidden", [(), (8,), (16, 5)])
def test_each_of_several_classes_has_the_gradient_of_its_log_odds(
    hidden: tuple[int, ...], tmp_path: Path
) -> None:
    network = Network(TERMS, hidden, "tanh", 4)
    initialize_weights(network, "xavier", 1)
    save_network(network, {}, tmp_path)
    part, dense = some_rows()
    found = attribute_rows(read_weights(tmp_path), part, np.arange(ROWS), Context())
    for label in range(4):
        X = dense.clone().requires_grad_()
        share = torch.softmax(network(X).double(), dim=1)[:, label]
        log_odds = torch.log(share / (1 - share))
        log_odds.sum().backward()
        expected = (X * X.grad).detach().numpy()
        np.testing.assert_allclose(
            found.log_odds[:, label], log_odds.detach().numpy(), rtol=1e-4, atol=1e-5
        )
        rows = np.repeat(np.arange(ROWS), np.diff(found.indptr))
        np.testing.assert_allclose(
            found.values[:, label], expected[rows, found.indices], rtol=1e-4, atol=1e-5
        )


def test_a_small_word_struck_out_changes_the_log_odds_by_its_attribution(tmp_path: Path) -> None:
    network = Network(TERMS, (16, 5), "tanh")
    initialize_weights(network, "xavier", 2)
    save_network(network, {}, tmp_path)
    part, dense = some_rows()
    small = Part(part.indptr, part.indices, part.values / 100, part.labels, part.split)
    attributions = attribute_rows(read_weights(tmp_path), small, np.arange(ROWS), Context())
    for row in (0, 7, 99):
        for entry in range(part.indptr[row], part.indptr[row + 1]):
            without = dense[row : row + 1] / 100
            without[0, part.indices[entry]] = 0
            with torch.no_grad():
                change = float(network(dense[row : row + 1] / 100) - network(without))
            assert attributions.values[entry] == pytest.approx(change, rel=0.02, abs=2e-6)
