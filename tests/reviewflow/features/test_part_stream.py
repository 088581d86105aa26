"""Rows that are read a few parts at a time are the rows of the whole."""

from pathlib import Path
from weakref import ref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewflow.features.dataset import load_dataset
from reviewflow.features.part_stream import PartStream
from reviewflow.features.sparse_rows import SparseRows
from tests.reviewflow.features.test_dataset import PARTS, as_rows, write_features

FEW = 1  # so small a buffer that each part is read by itself


def both(root: Path, parts: list[list[tuple]], buffer: int = FEW) -> tuple[SparseRows, PartStream]:
    """Return the training rows of some parts, whole and as a stream."""
    folders = tuple(write_features(root / str(i), rows) for i, rows in enumerate(parts))
    whole, stream = (load_dataset(folders, 10, size).train for size in (1_000, buffer))
    assert isinstance(whole, SparseRows)
    assert isinstance(stream, PartStream)
    return whole, stream


@settings(max_examples=40, deadline=None)
@given(parts=PARTS.filter(lambda parts: sum(map(len, parts)) > FEW), data=st.data())
def test_a_stream_has_the_rows_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[tuple]], data: st.DataObject
) -> None:
    whole, stream = both(tmp_path_factory.mktemp("features"), parts)
    assert stream.rows == whole.rows
    assert stream.labels.tolist() == whole.labels.tolist()
    assert [row for piece in stream.pieces() for row in as_rows(piece)] == as_rows(whole)
    chosen = np.array(
        sorted(data.draw(st.sets(st.integers(0, max(whole.rows - 1, 0)), max_size=whole.rows))),
        np.int64,
    )
    assert as_rows(stream.take(chosen)) == as_rows(whole.take(chosen))
    subset = stream.subset(chosen)
    assert [row for piece in subset.pieces() for row in as_rows(piece)] == as_rows(
        whole.take(chosen)
    )


def test_no_more_rows_than_the_buffer_are_in_memory(tmp_path: Path) -> None:
    row = (1, "train", {0: 0.5})
    _, stream = both(tmp_path, [[row] * size for size in (3, 4, 2, 9, 1)], buffer=6)
    assert [piece.rows for piece in stream.pieces()] == [3, 6, 9, 1]  # a part is never cut


def test_a_dataset_leaves_the_memory_with_its_last_user(tmp_path: Path) -> None:
    part = write_features(tmp_path / "part", [(1, "train", {0: 0.5})])
    first = load_dataset((part,), 5, 1_000)
    assert load_dataset((part,), 5, 1_000) is first
    seen = ref(first)
    del first
    assert seen() is None
