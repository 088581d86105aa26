"""Compare training by PyTorch with compiled steps."""

import pytest
import torch

from reviewflow.context import Context
from reviewflow.networks.activations import ACTIVATIONS
from reviewflow.networks.fit import fit_network
from tests.reviewflow.networks.cases import as_split, random_features
from tests.reviewflow.networks.test_train import SMALL, small_with


def test_compiled_steps_and_pytorch_agree() -> None:
    X, labels = random_features(90, 40, seed=4)
    data = as_split(X, labels)
    compiled, epochs = fit_network(data, 40, SMALL, Context())
    # "cpu:0" is the CPU too, but has no compiled step
    settings = SMALL.model_copy(update={"device": "cpu:0"})
    torch_network, torch_epochs = fit_network(data, 40, settings, Context())
    for ours, theirs in zip(compiled.parameters(), torch_network.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    for one, other in zip(epochs, torch_epochs, strict=True):
        assert one.losses == pytest.approx(other.losses, abs=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_a_cuda_device_follows_the_cpu(activation: str) -> None:
    X, labels = random_features(90, 40, seed=4)
    data = as_split(X, labels)
    cpu, _ = fit_network(data, 40, small_with(activation=activation), Context())
    settings = small_with(activation=activation, device="cuda")
    cuda, _ = fit_network(data, 40, settings, Context())
    for ours, theirs in zip(cpu.parameters(), cuda.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


@pytest.mark.parametrize("hidden", [(), (12, 6)])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_a_cuda_device_gives_equal_bytes(hidden: tuple[int, ...], optimizer: str) -> None:
    X, labels = random_features(900, 40, seed=4)
    settings = small_with(hidden=hidden, optimizer=optimizer, device="cuda", batch_size=64)
    one, other = (fit_network(as_split(X, labels), 40, settings, Context())[0] for _ in range(2))
    for ours, theirs in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(ours, theirs)
