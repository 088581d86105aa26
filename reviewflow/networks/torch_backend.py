"""Train a network by PyTorch, on devices that have no compiled step.

    rows ─ embedding bag ─▶ sums ─ activation, dropout ─ layer 2 ─ … ─▶ logits ─▶ loss
    terms of the batch ◀─ sparse gradient ◀─────────── layer 2 ◀─ … ◀─ autograd

A dense batch of a million terms would not fit a device. So the first layer is an embedding bag over
the terms of the batch, with a sparse gradient.
"""

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from reviewflow.config.sections import Train
from reviewflow.networks.activations import find_activation
from reviewflow.networks.compiled_sgd import Layers, Rows, draw_mask
from reviewflow.networks.model import Network
from reviewflow.networks.schedule import Schedule


class TorchBackend:
    """A training by autograd and PyTorch's optimisers.

    Adam of the first layer is SparseAdam, as in
    :class:`~reviewflow.networks.adam_backend.AdamBackend`.

    Parameters
    ----------
    network : gives the initial weights.
    rows : training rows, which may be changed for others between steps.
    train : settings.
    count : number of training rows, if ``rows`` are not all of them.
    """

    def __init__(
        self, network: Network, rows: Rows, train: Train, count: int | None = None
    ) -> None:
        self._network, self.rows, self._train = deepcopy(network).to(train.device), rows, train
        self._schedule = Schedule(train, count or len(rows.labels))
        self._activate = find_activation(train.activation).torch_forward
        self._class_weights = torch.from_numpy(rows.class_weights).to(train.device)
        first, *self._others = self._network.linear_layers()
        # one row of weights a term, or one weight a term and logit where logits scale their inputs
        width = 1 if len(rows.factors) else first.out_features
        weights = first.weight.detach().T.reshape(-1, width).contiguous()
        self._first, self._bias = nn.Parameter(weights), first.bias
        biases = [self._bias, *(layer.bias for layer in self._others)]
        groups: list[dict[str, Any]] = [{"params": biases, "rate_share": train.bias_rate}]
        if self._others:
            matrices = [layer.weight for layer in self._others]
            groups.append({"params": matrices, "weight_decay": train.weight_decay})
        adam = train.optimizer == "adam"
        self._optimizers = (
            (torch.optim.SparseAdam if adam else torch.optim.SGD)([self._first]),
            (torch.optim.Adam if adam else torch.optim.SGD)(groups),
        )

    def take_steps(self, order: NDArray[np.int64]) -> NDArray[np.float64]:
        """Train on the rows ``order`` in batches, and return each step's loss."""
        step, size = self._schedule.done, self._train.batch_size
        losses = [
            self._step(order[number * size : (number + 1) * size], step + number, rate)
            for number, rate in enumerate(self._schedule.take(len(order)).tolist())
        ]
        return torch.stack(losses).double().cpu().numpy()

    def current_layers(self) -> Layers:
        """Return copies of the present weights."""
        layers = self._network.linear_layers()
        first = self._first.detach().reshape(-1, layers[0].out_features)
        matrices = [first, *(layer.weight.detach().T for layer in self._others)]
        return Layers(
            tuple(np.array(matrix.cpu().numpy(), order="C") for matrix in matrices),
            tuple(layer.bias.detach().cpu().numpy().copy() for layer in layers),
        )

    def _step(self, batch: NDArray[np.int64], step: int, rate: float) -> Tensor:
        """Take one step, and return its loss."""
        labels = torch.from_numpy(self.rows.labels[batch]).to(self._train.device)
        loss = self._loss(self._logits(batch, step), labels)
        for optimizer in self._optimizers:
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = rate * group.get("rate_share", 1.0)
        loss.backward()  # type: ignore[no-untyped-call]
        self._finish_first_gradient(rate)
        for optimizer in self._optimizers:
            optimizer.step()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _finish_first_gradient(self, rate: float) -> None:
        """Add up the sparse gradient of the first layer, and the penalty's part.

        A term that several rows hold has several entries at first. Added to a weight one by one on
        a GPU, they would come in another order every time.
        """
        decay, sgd = self._train.weight_decay, self._train.optimizer == "sgd"
        assert self._first.grad is not None
        with torch.no_grad():
            gradient = self._first.grad.coalesce()
            terms, values = gradient.indices(), gradient.values()
            if decay and sgd:
                self._first.mul_(1 - rate * decay)
            elif decay:
                values = values + decay * self._first[terms[0]]
            self._first.grad = torch.sparse_coo_tensor(
                terms, values, gradient.shape, is_coalesced=True, check_invariants=False
            )

    def _logits(self, batch: NDArray[np.int64], step: int) -> Tensor:
        """Return the logits of a batch, shape (B, U)."""
        Z = self._first_sums(batch) + self._bias
        for number, layer in enumerate(self._others, 1):
            A = self._activate(functional, Z)
            if self._train.dropout:
                mask = np.empty(A.shape, np.float32)
                draw_mask(mask, self._train.dropout, self._train.seed, step, number)
                A = A * torch.from_numpy(mask).to(self._train.device)
            Z = layer(A)
        return Z

    def _first_sums(self, batch: NDArray[np.int64]) -> Tensor:
        """Return X[batch] @ weights of the first layer, shape (B, U)."""
        rows, logits = self.rows, len(self._bias)
        lengths = rows.indptr[batch + 1] - rows.indptr[batch]
        entries = np.concatenate(
            [np.arange(rows.indptr[row], rows.indptr[row + 1]) for row in batch]
        )
        terms, values = rows.indices[entries].astype(np.int64), rows.values[entries]
        starts = np.cumsum(lengths) - lengths
        if not len(rows.factors):
            return self._bags(terms, values, starts)
        # a bag for each logit and row, of weights that stand for a term and a logit
        places = (terms * logits + np.arange(logits)[:, None]).ravel()
        scaled = (values * rows.factors[terms].T).ravel()
        bags = (starts + len(entries) * np.arange(logits)[:, None]).ravel()
        return self._bags(places, scaled, bags).reshape(logits, len(batch)).T

    def _bags(
        self, places: NDArray[np.int64], values: NDArray[np.float32], starts: NDArray[np.int64]
    ) -> Tensor:
        """Return sums of weighted rows of the first weights, a sum a bag."""
        device = self._train.device
        return functional.embedding_bag(
            torch.from_numpy(places).to(device),
            self._first,
            torch.from_numpy(starts).to(device),
            mode="sum",
            sparse=True,
            per_sample_weights=torch.from_numpy(values).to(device),
        )

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean cross-entropy, each row times the weight of its class."""
        if logits.shape[1] == 1:
            losses = functional.binary_cross_entropy_with_logits(
                logits[:, 0], labels, reduction="none"
            )
        else:
            losses = functional.cross_entropy(logits, labels.long(), reduction="none")
        return (losses * self._class_weights[labels.long()]).mean()
