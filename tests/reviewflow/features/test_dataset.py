"""The loader against the rows that were written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewflow.errors import StoreError
from reviewflow.features.dataset import load_dataset
from reviewflow.features.feature_parts import read_part
from reviewflow.features.sparse_rows import SparseRows
from reviewflow.reviews.split import SPLITS

ROW = st.tuples(
    st.sampled_from([0, 1, None]),
    st.sampled_from(["train", "test"]),
    st.dictionaries(st.integers(0, 9), st.floats(0, 1, width=32), max_size=4),
)
PARTS = st.lists(st.lists(ROW, max_size=6), max_size=4)


def write_features(folder: Path, rows: list[tuple[int | None, str, dict[int, float]]]) -> Path:
    folder.mkdir(parents=True)
    entries = [sorted(values.items()) for _, _, values in rows]
    split = pa.array([split for _, split, _ in rows], pa.string()).dictionary_encode()
    table = pa.table(
        {
            "label": pa.array([label for label, _, _ in rows], pa.int8()),
            "split": split.cast(pa.dictionary(pa.int8(), pa.string())),
            "indices": pa.array([[i for i, _ in row] for row in entries], pa.list_(pa.int32())),
            "values": pa.array([[v for _, v in row] for row in entries], pa.list_(pa.float32())),
        }
    )
    pq.write_table(table, folder / "features.parquet")
    return folder


def as_rows(split: SparseRows) -> list[tuple[float, dict[int, float]]]:
    assert (split.indptr.dtype, split.indices.dtype) == (np.int64, np.int32)
    assert (split.values.dtype, split.labels.dtype) == (np.float32, np.float32)
    assert len(split.indptr) == split.rows + 1
    bounds = zip(split.indptr[:-1], split.indptr[1:], split.labels, strict=True)
    return [
        (float(y), dict(zip(split.indices[a:b].tolist(), split.values[a:b].tolist(), strict=True)))
        for a, b, y in bounds
    ]


@settings(max_examples=60, deadline=None)
@given(parts=PARTS)
def test_labelled_rows_come_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[tuple]]
) -> None:
    root = tmp_path_factory.mktemp("features")
    folders = tuple(write_features(root / str(i), rows) for i, rows in enumerate(parts))
    dataset = load_dataset(folders, 10, 1_000)
    for name, split in (("train", dataset.train), ("test", dataset.test)):
        expected = [
            (float(label), values)
            for rows in parts
            for label, where, values in rows
            if label is not None and where == name
        ]
        assert as_rows(split) == expected


def test_a_part_keeps_rows_without_a_label_and_is_a_view(tmp_path: Path) -> None:
    rows = [(1, "train", {0: 0.5}), (None, "test", {}), (0, "test", {1: 0.25, 3: 1.0})]
    part = read_part(write_features(tmp_path / "part", rows), 4)
    assert part.indptr.tolist() == [0, 1, 1, 3]
    assert part.indices.tolist() == [0, 1, 3]
    np.testing.assert_array_equal(part.labels, np.float32([1, np.nan, 0]))
    assert [SPLITS[code] for code in part.split] == ["train", "test", "test"]
    assert not part.values.flags.owndata
    assert not part.indices.flags.owndata


def test_variants_side_by_side_share_one_dataset(tmp_path: Path) -> None:
    parts = (write_features(tmp_path / "part", [(1, "train", {0: 0.5})]),)
    with ThreadPoolExecutor(8) as executor:
        datasets = list(executor.map(lambda _: load_dataset(parts, 1, 1_000), range(16)))
    assert len({id(dataset) for dataset in datasets}) == 1


def test_a_file_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    part = write_features(tmp_path / "part", [(1, "train", {0: 0.5})])
    assert load_dataset((part,), 5, 1_000).train.rows == 1
    (part / "features.parquet").unlink()
    part.rmdir()
    write_features(part, [(1, "train", {0: 0.5}), (0, "train", {1: 0.5, 2: 0.25})])
    assert load_dataset((part,), 5, 1_000).train.rows == 2


@pytest.mark.parametrize("term", [4, -1])
def test_a_term_beyond_the_vocabulary_is_refused(tmp_path: Path, term: int) -> None:
    part = write_features(tmp_path / "part", [(1, "train", {term: 0.5})])
    with pytest.raises(StoreError, match=r"the vocabulary has 4 terms.*--refresh vectorize"):
        load_dataset((part,), 4, 1_000)
