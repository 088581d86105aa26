"""Compare the mean of the last epochs' weights with PyTorch's AveragedModel."""

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel

from reviewflow.networks.averaging import WeightAverage
from reviewflow.networks.compiled_layers import copy_layers, write_layers
from reviewflow.networks.model import Network, initialize_weights


@pytest.mark.parametrize("averaged", [0, 1, 2, 3, 5])
def test_the_mean_is_pytorchs(averaged: int) -> None:
    network = Network(30, (6, 4), "relu", 3)
    theirs, average = AveragedModel(network), WeightAverage(5, averaged)
    for number in range(1, 6):
        initialize_weights(network, "default", number)
        layers = copy_layers(network)
        average.add(number, layers)
        if number > 5 - max(averaged, 1):
            theirs.update_parameters(network)
    ours = Network(30, (6, 4), "relu", 3)
    write_layers(average.mean(layers), ours)
    for one, other in zip(ours.parameters(), theirs.module.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_layers_that_change_later_do_not_change_the_mean() -> None:
    network = Network(4, (), "relu")
    initialize_weights(network, "default", 0)
    layers, average = copy_layers(network), WeightAverage(2, 2)
    first = layers.weights[0].copy()
    average.add(1, layers)
    layers.weights[0][:] = 1
    average.add(2, layers)
    assert average.mean(layers).weights[0] == pytest.approx((first + 1) / 2)
    assert np.all(layers.weights[0] == 1)
