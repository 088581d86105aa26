"""Test class weights, scaled inputs and folded weights."""

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from reviewflow.networks.model import Network, initialize_weights
from reviewflow.networks.training_rows import (
    balanced_weights,
    choose_scale,
    fold_scale,
    labelled_rows,
    scale_inputs,
)
from tests.reviewflow.networks.cases import as_split, plain_train, random_features


def test_balanced_weights_are_scikit_learns() -> None:
    labels = np.repeat(np.arange(4), [9, 4, 2, 1])
    expected = compute_class_weight("balanced", classes=np.arange(4), y=labels)
    ours = balanced_weights(labels.astype(np.float32), 4)
    assert ours == pytest.approx(expected)
    assert ours[labels].mean() == pytest.approx(1)
    assert balanced_weights(np.zeros(3, np.float32), 2) == pytest.approx([0.5, 1])


@pytest.mark.parametrize(
    ("hidden", "classes", "shape"),
    [((), 2, (20, 1)), ((3,), 2, (20, 1)), ((), 4, (20, 4)), ((3,), 4, (20, 1))],
)
def test_each_logit_of_a_linear_model_has_a_scale_of_its_own(
    hidden: tuple[int, ...], classes: int, shape: tuple[int, int]
) -> None:
    X, _ = random_features(30, 20, seed=0)
    data = as_split(X, (np.arange(30) % classes).astype(np.float32))
    scale = choose_scale(data, 20, plain_train(hidden=hidden, term_scale="naive_bayes"), classes)
    assert scale is not None
    assert scale.shape == shape
    assert choose_scale(data, 20, plain_train(hidden=hidden), classes) is None
    rows, before = labelled_rows(data, classes), data.values.copy()
    scaled = scale_inputs(rows, scale)
    assert scale_inputs(rows, None) is rows
    assert np.array_equal(data.values, before)  # variants share them
    if shape[1] == 1:
        assert scaled.values == pytest.approx(before * scale[data.indices, 0])
        assert len(scaled.factors) == 0
    else:
        assert scaled.values is data.values
        assert scaled.factors is scale


@pytest.mark.parametrize(("hidden", "classes"), [((), 2), ((3,), 3), ((), 3)])
def test_a_folded_scale_moves_from_inputs_to_weights(hidden: tuple[int, ...], classes: int) -> None:
    network = Network(20, hidden, "relu", classes)
    initialize_weights(network, "he", 0)
    before = network.linear_layers()[0].weight.detach().clone()
    width = 1 if hidden or classes == 2 else classes
    scale = np.random.default_rng(0).random((20, width)).astype(np.float32)
    fold_scale(network, None)
    assert torch.equal(network.linear_layers()[0].weight, before)
    fold_scale(network, scale)
    expected = before.numpy() * scale.T
    assert network.linear_layers()[0].weight.detach().numpy() == pytest.approx(expected)
