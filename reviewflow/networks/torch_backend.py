"""Train a network by PyTorch, where no compiled step exists.

That is so for every optimiser but SGD, and every device but the CPU.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from reviewflow.config.sections import Train
from reviewflow.networks.compiled_backend import copy_layers
from reviewflow.networks.compiled_sgd import Layers, Rows
from reviewflow.networks.model import Network


class TorchBackend:
    """A training by PyTorch's optimiser.

    Sparse batches become dense on the device.

    Parameters
    ----------
    network : gives the initial weights and is trained itself.
    rows : training rows.
    train : batch size, learning rate, optimiser and device.

    Notes
    -----
    Every (row, term) occurs once in a batch, so filling the dense batch has one result, whatever
    the order in which a GPU writes.
    """

    def __init__(self, network: Network, rows: Rows, train: Train) -> None:
        self._network, self._rows, self._train = network.to(train.device), rows, train
        optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[train.optimizer]
        self._optimizer = optimizer(self._network.parameters(), lr=train.learning_rate)

    def take_steps(self, order: NDArray[np.int64]) -> NDArray[np.float64]:
        """Train on the rows ``order`` in batches, and return each step's loss."""
        size = self._train.batch_size
        losses = [self._step(order[start : start + size]) for start in range(0, len(order), size)]
        return torch.stack(losses).double().cpu().numpy()

    def current_layers(self) -> Layers:
        """Return the present weights in the compiled step's layout."""
        return copy_layers(self._network)

    def trained_network(self) -> Network:
        """Return the network with the present weights, on the CPU."""
        return self._network.cpu()

    def _step(self, batch: NDArray[np.int64]) -> Tensor:
        X = dense_rows(self._rows, batch, self._network.terms, self._train.device)
        labels = torch.from_numpy(self._rows.labels[batch]).to(self._train.device)
        self._optimizer.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(self._network(X), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return loss.detach()


def dense_rows(data: Rows, batch: NDArray[np.int64], terms: int, device: str) -> Tensor:
    """Return the rows ``batch`` as a float32 tensor, shape (B, V)."""
    lengths = data.indptr[batch + 1] - data.indptr[batch]
    entries = np.concatenate([np.arange(data.indptr[row], data.indptr[row + 1]) for row in batch])
    rows = torch.from_numpy(np.repeat(np.arange(len(batch)), lengths)).to(device)
    columns = torch.from_numpy(data.indices[entries].astype(np.int64)).to(device)
    X = torch.zeros((len(batch), terms), device=device)
    X[rows, columns] = torch.from_numpy(data.values[entries]).to(device)
    return X
