"""Measure a step of stochastic gradient descent on 5000 → 512 → 128 → 1.

All sides take the same TF-IDF rows, ReLU and a rate of 0.01. The figure is milliseconds a step, and
includes making the batch. Ours is the compiled step on one core. One other way is the loop of
PyTorch's tutorials (dense rows, DataLoader, nn.Linear, BCELoss, SGD). Another is the same loop with
nn.EmbeddingBag(sparse=True) as the first layer. Both run with as many threads as PyTorch chooses.

The floor is the work that every such step must do. In the first layer it reads the weights of the
batch's terms, and reads and writes them again for the update. Each entry and unit takes a
multiplication and an addition, forward and back. The second layer takes three products: forward,
back and for its gradient. The floor's time is that of its operations at the speed of a matrix
product on one core, or that of its bytes at the speed of copying a matrix of this size, whichever
is longer. Both speeds are measured in the same run.
"""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measuring import Figures, fresh, in_turn, of
from benchmarks.stages import part_folders, showcase
from benchmarks.table import Row
from benchmarks.workspace import Workspace

STEPS = {16: 1000, 256: 70}  # by batch size, less than an epoch each
QUICK_STEPS = {16: 20, 256: 1}
WARM_STEPS = 5
DENSE = "PyTorch, dense, DataLoader"
SPARSE = "PyTorch, sparse EmbeddingBag"
FLOOR = "the floor"


def rows(space: Workspace) -> list[Row]:
    """Measure the milliseconds of a step for each batch size."""
    found = []
    for batch_size, steps in (QUICK_STEPS if space.quick else STEPS).items():
        given = {"features": space.features, "batch_size": batch_size, "steps": steps}
        figures = in_turn(
            space.runs,
            {
                f"reviewflow, batch {batch_size}": partial(fresh, compiled_step, **given),
                DENSE: partial(fresh, dense, **given),
                SPARSE: partial(fresh, embedding_bag, **given),
                FLOOR: partial(fresh, floor, **given),
            },
        )
        ours = of("milliseconds", figures[f"reviewflow, batch {batch_size}"])
        for other in (DENSE, SPARSE):
            theirs = of("milliseconds", figures[other])
            found.append(Row(f"training step, batch {batch_size}", "ms", ours, other, theirs))
        least = figures[FLOOR]
        millions = least[0]["operations"] / 1e6, least[0]["bytes"] / 1e6
        name = f"{FLOOR}: {millions[0]:.1f} million operations, {millions[1]:.1f} MB"
        floors = of("milliseconds", least)
        found.append(Row(f"training step, batch {batch_size}", "ms", ours, name, floors))
    return found


def compiled_step(features: str, batch_size: int, steps: int) -> Figures:
    """Measure our compiled step."""
    import torch

    from reviewflow.networks.compiled_backend import CompiledBackend
    from reviewflow.networks.epoch_blocks import shuffled_rows
    from reviewflow.networks.model import Network, initialize_weights
    from reviewflow.networks.training_rows import labelled_rows

    torch.set_num_threads(1)
    data, terms = training_rows(features)
    train = showcase().train.model_copy(update={"batch_size": batch_size})
    network = Network(terms, train.hidden, train.activation)
    initialize_weights(network, train.init, train.seed)
    training = CompiledBackend(network, labelled_rows(data), train)
    training.take_steps(shuffled_rows(data.rows, train.seed, 1)[: WARM_STEPS * batch_size])
    started = time.perf_counter()
    losses = training.take_steps(shuffled_rows(data.rows, train.seed, 2)[: steps * batch_size])
    milliseconds = (time.perf_counter() - started) / len(losses) * 1000
    return {"milliseconds": milliseconds, "loss": float(losses.mean())}


def dense(features: str, batch_size: int, steps: int) -> Figures:
    """Measure dense rows through a DataLoader."""
    import torch
    from scipy.sparse import csr_matrix
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    data, terms = training_rows(features)
    shape = (data.rows, terms)
    X = torch.from_numpy(csr_matrix((data.values, data.indices, data.indptr), shape).toarray())
    loader = DataLoader(
        TensorDataset(X, torch.from_numpy(data.labels)), batch_size=batch_size, shuffle=True
    )
    return time_steps(nn.Linear(terms, showcase().train.hidden[0]), lambda: iter(loader), steps)


def embedding_bag(features: str, batch_size: int, steps: int) -> Figures:
    """Measure sparse rows into an embedding of which a step touches some."""
    import numpy as np
    import torch
    from torch import nn

    torch.manual_seed(0)
    data, terms = training_rows(features)

    class FirstLayer(nn.Module):
        def __init__(self, units: int) -> None:
            super().__init__()
            self.bag = nn.EmbeddingBag(terms, units, mode="sum", sparse=True)
            nn.init.uniform_(self.bag.weight, -(terms**-0.5), terms**-0.5)
            self.bias = nn.Parameter(torch.zeros(units))

        def forward(self, X: Any) -> Any:
            indices, starts, values = X
            return self.bag(indices, starts, per_sample_weights=values) + self.bias

    def batches() -> Iterator[Any]:
        order = torch.randperm(data.rows).numpy()
        for first in range(0, len(order), batch_size):
            rows = order[first : first + batch_size]
            lengths = data.indptr[rows + 1] - data.indptr[rows]
            starts = np.cumsum(lengths) - lengths
            entries = np.repeat(data.indptr[rows] - starts, lengths) + np.arange(lengths.sum())
            X = data.indices[entries].astype(np.int64), starts, data.values[entries]
            yield tuple(map(torch.from_numpy, X)), torch.from_numpy(data.labels[rows])

    return time_steps(FirstLayer(showcase().train.hidden[0]), batches, steps)


def floor(features: str, batch_size: int, steps: int) -> Figures:
    """Measure operations and bytes of a step, and this core's time for them."""
    import numpy as np
    import torch

    from reviewflow.networks.epoch_blocks import shuffled_rows

    torch.set_num_threads(1)
    data, terms = training_rows(features)
    first, second = showcase().train.hidden
    batches = shuffled_rows(data.rows, 0, 2)[: steps * batch_size].reshape(-1, batch_size)
    found = [
        np.concatenate([data.indices[data.indptr[row] : data.indptr[row + 1]] for row in batch])
        for batch in batches
    ]
    entries = sum(map(len, found)) / len(found)
    touched = sum(len(np.unique(batch)) for batch in found) / len(found)
    operations = 2 * (2 * entries * first + 3 * batch_size * first * second)
    moved = 4 * (3 * touched * first + 3 * first * second)
    weights = torch.zeros(terms, first)
    square, copy = torch.ones(first, first), torch.ones(terms, first)
    a_second = 2 * first**3 / fastest(lambda: square @ square)
    bytes_a_second = 2 * 4 * weights.numel() / fastest(lambda: copy.copy_(weights))
    seconds = max(operations / a_second, moved / bytes_a_second)
    return {"milliseconds": 1000 * seconds, "operations": operations, "bytes": moved}


def fastest(work: Callable[[], Any], times: int = 50) -> float:
    """Return the seconds of the fastest of many calls."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def time_steps(first_layer: Any, batches: Callable[[], Iterator[Any]], steps: int) -> Figures:
    """Measure the loop of the tutorials on top of a first layer."""
    from torch import nn, optim

    first, second = showcase().train.hidden
    network = nn.Sequential(
        first_layer,
        nn.ReLU(),
        nn.Linear(first, second),
        nn.ReLU(),
        nn.Linear(second, 1),
        nn.Sigmoid(),
    )
    rate = showcase().train.learning_rate
    criterion, optimizer = nn.BCELoss(), optim.SGD(network.parameters(), lr=rate)

    def take_step(X: Any, labels: Any) -> float:
        optimizer.zero_grad()
        loss = criterion(network(X).squeeze(1), labels)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    for _, (X, labels) in zip(range(WARM_STEPS), batches(), strict=False):
        take_step(X, labels)
    started = time.perf_counter()
    losses = [take_step(X, y) for _, (X, y) in zip(range(steps), batches(), strict=False)]
    milliseconds = (time.perf_counter() - started) / len(losses) * 1000
    return {"milliseconds": milliseconds, "loss": sum(losses) / len(losses)}


def training_rows(features: str) -> tuple[Any, int]:
    """Return the training rows as training loads them, and the terms' count."""
    import pyarrow.parquet as pq

    from reviewflow.features.dataset import load_dataset

    folder = Path(features)
    terms = pq.read_metadata(folder / "vocabulary" / "vocabulary.parquet").num_rows
    return load_dataset(part_folders(folder), terms, sys.maxsize).train, terms
