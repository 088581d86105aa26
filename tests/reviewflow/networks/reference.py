"""Train by PyTorch's autograd on dense rows, with every option of ``train``.

It is slow and written from the options' definitions, and shares no code with the backends.
"""

import copy
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor, nn
from torch.nn import functional

from reviewflow.config.sections import Train
from reviewflow.networks.model import Network

WORD = 2**64 - 1


def mix_bits(number: int) -> int:
    """Return SplitMix64's output function of Java's SplittableRandom."""
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & WORD
    return number ^ (number >> 31)


def dropout_mask(shape: tuple[int, ...], train: Train, step: int, layer: int) -> Tensor:
    """Return the mask of a hidden layer in a step, both counted from 0 and 1."""
    start = mix_bits((mix_bits((mix_bits(train.seed) + step) & WORD) + layer) & WORD)
    bits = [
        mix_bits((start + unit * 0x9E3779B97F4A7C15) & WORD) >> 32
        for unit in range(int(np.prod(shape)))
    ]
    kept = torch.tensor([number >= int(train.dropout * 2**32) for number in bits])
    return kept.reshape(shape).float() / (1 - train.dropout)


def log_count_ratios(
    X: csr_matrix, labels: NDArray[np.float32], classes: int, smoothing: float
) -> NDArray[np.float64]:
    """Return r of Wang and Manning 2012, equation 1, shape (V, K).

    f is presence, and each class stands against all others.
    """
    f, columns = X.toarray() > 0, []
    for c in range(classes):
        p = smoothing + f[labels == c].sum(axis=0)
        q = smoothing + f[labels != c].sum(axis=0)
        columns.append(np.log((p / np.abs(p).sum()) / (q / np.abs(q).sum())))
    return np.stack(columns, axis=1)


@dataclass
class Reference:
    """A training on dense rows.

    Attributes
    ----------
    network : its weights are trained in place, float64.
    scale : float64, shape (V, 1) or (V, K), by which the inputs are multiplied.
    """

    X: csr_matrix
    labels: NDArray[np.float32]
    train: Train
    network: nn.Sequential
    scale: Tensor
    total_steps: int
    step: int = 0
    ends: list[list[Tensor]] = field(default_factory=list)

    @classmethod
    def start(
        cls,
        X: csr_matrix,
        labels: NDArray[np.float32],
        train: Train,
        network: Network,
    ) -> "Reference":
        """Begin with copies of a network's weights."""
        modules: list[nn.Module] = []
        for number, layer in enumerate(network.linear_layers()):
            modules += [nn.Tanh()] if number and train.activation == "tanh" else []
            modules += [nn.ReLU()] if number and train.activation == "relu" else []
            modules.append(copy.deepcopy(layer))
        scale = np.ones((network.terms, 1))
        if train.term_scale == "naive_bayes":
            ratios = log_count_ratios(X, labels, network.classes, train.term_scale_smoothing)
            scale = np.abs(ratios) + train.term_scale_offset
            if network.classes == 2:
                scale = scale[:, :1]
            elif train.hidden:
                scale = scale.max(axis=1, keepdims=True)
        steps = train.epochs * int(np.ceil(len(labels) / train.batch_size))
        dense = nn.Sequential(*modules).double()
        reference = cls(X, labels, train, dense, torch.from_numpy(scale), steps)
        reference.make_optimizers()
        return reference

    @property
    def layers(self) -> list[nn.Linear]:
        """The linear layers from the input up."""
        return [module for module in self.network if isinstance(module, nn.Linear)]

    def make_optimizers(self) -> None:
        """Make SGD, or SparseAdam for the first weights and Adam for all others."""
        first = self.layers[0]
        self.first = nn.Parameter(first.weight.detach().T.clone())  # (V, units)
        others = [p for p in self.network.parameters() if p is not first.weight]
        if self.train.optimizer == "sgd":
            self.optimizers: list[torch.optim.Optimizer] = [
                torch.optim.SGD([self.first, *others], lr=1.0)
            ]
        else:
            self.optimizers = [torch.optim.SparseAdam([self.first]), torch.optim.Adam(others)]

    def logits(self, rows: Tensor, with_dropout: bool = False) -> Tensor:
        """Return the logits of dense rows."""
        if self.scale.shape[1] == 1:
            Z = (rows * self.scale[:, 0]) @ self.first
        else:
            Z = torch.einsum("bv,vk,vk->bk", rows, self.scale, self.first)
        Z, number = Z + self.layers[0].bias, 0
        for module in list(self.network)[1:]:
            Z = module(Z)
            if not isinstance(module, nn.Linear):
                number += 1
                if with_dropout and self.train.dropout:
                    Z = Z * dropout_mask(tuple(Z.shape), self.train, self.step, number)
        return Z

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean cross-entropy with the classes' weights."""
        two = logits.shape[1] == 1
        both = torch.cat([torch.zeros_like(logits), logits], dim=1) if two else logits
        weights = torch.ones(both.shape[1], dtype=torch.float64)
        if self.train.class_weight == "balanced":
            present = np.unique(self.labels)
            found = compute_class_weight("balanced", classes=present, y=self.labels)
            found = found * len(present) / both.shape[1]  # absent classes count in K, too
            weights[present.astype(int)] = torch.from_numpy(found)
        losses = functional.cross_entropy(both, labels.long(), reduction="none")
        return (losses * weights[labels.long()]).mean()

    def train_batch(self, batch: NDArray[np.int64]) -> float:
        """Take one step, and return its loss."""
        rate = self.train.learning_rate
        if self.train.schedule == "linear":
            rate *= 1 - self.step / self.total_steps
        rows = torch.from_numpy(self.X[batch].toarray()).double()
        loss = self.loss(self.logits(rows, with_dropout=True), torch.from_numpy(self.labels[batch]))
        for optimizer in self.optimizers:
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = rate
        loss.backward()
        weights = [self.first, *(layer.weight for layer in self.layers[1:])]
        for weight in weights:
            assert weight.grad is not None
            weight.grad += self.train.weight_decay * weight.detach()
        bias = self.layers[0].bias
        assert bias.grad is not None
        bias.grad *= self.train.bias_rate
        if self.train.optimizer == "adam":
            touched = torch.from_numpy(np.unique(self.X[batch].indices).astype(np.int64))
            assert self.first.grad is not None
            self.first.grad = torch.sparse_coo_tensor(
                touched[None],
                self.first.grad[touched],
                self.first.shape,
                check_invariants=False,
            )
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        return float(loss.detach())

    def train_epoch(self, order: NDArray[np.int64]) -> list[float]:
        """Train on batches of the rows ``order``, and return each step's loss."""
        size = self.train.batch_size
        losses = [
            self.train_batch(order[start : start + size]) for start in range(0, len(order), size)
        ]
        self.ends.append([weight.clone() for weight in self.folded()])
        return losses

    def folded(self) -> list[Tensor]:
        """Return weights and biases of each layer for inputs without a scale."""
        found = [(self.first.detach() * self.scale).T, self.layers[0].bias.detach()]
        for layer in self.layers[1:]:
            found += [layer.weight.detach(), layer.bias.detach()]
        return found

    def result(self) -> list[Tensor]:
        """Return the weights after the last epoch, or the mean of the last ones."""
        if self.train.average_epochs < 2:
            return self.ends[-1]
        last = self.ends[-self.train.average_epochs :]
        return [torch.stack(each).mean(dim=0) for each in zip(*last, strict=True)]
