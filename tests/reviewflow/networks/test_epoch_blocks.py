"""An epoch has each row once, in whole batches, however many parts fit the memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from reviewflow.context import Context
from reviewflow.features.dataset import load_dataset
from reviewflow.features.part_stream import PartStream
from reviewflow.features.sparse_rows import SparseRows
from reviewflow.networks.early_stopping import predict_logits
from reviewflow.networks.epoch_blocks import epoch_blocks, shuffled_rows
from reviewflow.networks.fit import choose_backend, fit_network
from reviewflow.networks.model import Network, initialize_weights
from reviewflow.networks.training_rows import TrainingRows, labelled_rows
from tests.reviewflow.features.test_dataset import write_features
from tests.reviewflow.networks.cases import plain_train

TERMS, SIZES, BUFFER, BATCH = 60, (40, 7, 33, 25, 1, 54), 70, 8


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[SparseRows, PartStream]:
    """The same rows whole and as a stream. Row n has the value (n + 1) / 1000 in term n % 60."""
    root, number, folders = tmp_path_factory.mktemp("parts"), 0, []
    for part, size in enumerate(SIZES):
        rows = [
            (int(n % 3 == 0), "train", {n % TERMS: (n + 1) / 1000, (7 * n + 1) % TERMS: 0.5})
            for n in range(number, number + size)
        ]
        folders.append(write_features(root / str(part), rows))
        number += size
    whole, stream = (load_dataset(tuple(folders), TERMS, b).train for b in (10_000, BUFFER))
    assert isinstance(whole, SparseRows)
    assert isinstance(stream, PartStream)
    return whole, stream


def row_numbers(rows: SparseRows) -> list[int]:
    """Return which rows these are, by their values."""
    ends = zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
    return [min(round(float(v) * 1000) for v in rows.values[a:b] if v != 0.5) - 1 for a, b in ends]


def epoch_order(stream: PartStream, epoch: int) -> list[int]:
    found: list[int] = []
    for block, order in epoch_blocks(stream, 3, epoch, BATCH):
        assert block.rows < BUFFER + BATCH
        assert not order.flags.writeable
        names = row_numbers(block)
        found += [names[row] for row in order]
        assert len(order) % BATCH == 0 or len(found) == stream.rows
    return found


def test_each_row_comes_once_an_epoch(sources: tuple[SparseRows, PartStream]) -> None:
    _, stream = sources
    first, second = epoch_order(stream, 1), epoch_order(stream, 2)
    assert sorted(first) == sorted(second) == list(range(sum(SIZES)))
    assert first != second
    assert first == epoch_order(stream, 1)


def test_whole_rows_are_one_block(sources: tuple[SparseRows, PartStream]) -> None:
    whole, _ = sources
    ((block, order),) = epoch_blocks(whole, 3, 1, BATCH)
    assert block is whole
    assert order is shuffled_rows(whole.rows, 3, 1)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_stream_trains_as_whole_rows_in_the_same_order(
    sources: tuple[SparseRows, PartStream], optimizer: str
) -> None:
    whole, stream = sources
    train = plain_train(
        hidden=(5,), batch_size=BATCH, epochs=3, seed=3, optimizer=optimizer, device="cpu"
    )
    network, epochs = fit_network(stream, TERMS, train, Context())
    assert [len(epoch.losses) for epoch in epochs] == [-(-whole.rows // BATCH)] * 3
    expected = Network(TERMS, (5,), train.activation)
    initialize_weights(expected, train.init, train.seed)
    backend = choose_backend(train)(expected, labelled_rows(whole), train)
    for epoch in (1, 2, 3):
        losses = backend.take_steps(np.array(epoch_order(stream, epoch)))
        assert losses == pytest.approx(epochs[epoch - 1].losses, rel=1e-5)
    weights = backend.current_layers().weights
    for ours, theirs in zip(network.linear_layers(), weights, strict=True):
        assert np.allclose(ours.weight.detach().numpy().T, theirs, rtol=1e-4, atol=1e-6)
    assert predict_logits(network, stream) == pytest.approx(
        predict_logits(network, whole), rel=1e-6
    )


def test_scale_and_balance_are_those_of_all_rows(sources: tuple[SparseRows, PartStream]) -> None:
    train = plain_train(hidden=(), term_scale="naive_bayes", class_weight="balanced")
    whole, stream = (TrainingRows(rows, TERMS, train, 2) for rows in sources)
    assert whole.scale is not None
    assert np.array_equal(whole.scale, stream.scale)
    for name in whole.sample._fields:
        assert np.array_equal(getattr(whole.sample, name), getattr(stream.sample, name))


def test_one_block_is_in_memory_at_a_time(tmp_path: Path) -> None:
    entries = dict.fromkeys(range(TERMS), 0.25)
    part = write_features(tmp_path / "part", [(n % 2, "train", entries) for n in range(2_000)])
    stream = load_dataset((part,) * 12, TERMS, 8_000).train
    train = plain_train(hidden=(), device="cpu", batch_size=50, epochs=1)
    fit_network(stream, TERMS, train, Context())  # imports and compiles
    tracemalloc.start()
    try:
        fit_network(stream, TERMS, train, Context())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    block = 8_000 * TERMS * 8  # bytes of the terms and values of four parts
    assert block < peak < 1.5 * block  # that of two would be over 2
