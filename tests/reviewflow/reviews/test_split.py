"""The split: scikit-learn's where it is random, and equal texts on one side where it is hashed."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from reviewflow.config.sections import Split
from reviewflow.context import Context
from reviewflow.errors import InputError
from reviewflow.reviews.ingest import ingest_part
from reviewflow.reviews.parts import Index, PartInfo
from reviewflow.reviews.split import (
    Position,
    hashed_test_rows,
    random_test_rows,
    split_part,
    split_position,
)


def sides(tmp_path: Path, texts, method: Split, position: Position | None, words=None) -> list[str]:
    columns = {"text": pa.array(texts, pa.string()), "label": pa.array([1] * len(texts), pa.int8())}
    if words is not None:
        columns["split"] = pa.array(words, pa.string())
    ingest_part(rows=pa.table(columns), folder=tmp_path, context=Context())
    figures = split_part(
        reviews=tmp_path, split=method, position=position, folder=tmp_path, context=Context()
    )
    column = pq.read_table(tmp_path / "split.parquet").column("split")
    assert column.type == pa.dictionary(pa.int8(), pa.string())
    found = column.to_pylist()
    assert figures == {"rows": len(texts), "test": found.count("test")}
    return found


def index_of(*parts: tuple[int, int]) -> Index:
    return Index(tuple(PartInfo(rows, file, {}, ((0, 2),)) for rows, file in parts))


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 400), st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_random_is_scikit_learns(rows, test_size, seed):
    try:
        train, test = train_test_split(np.arange(rows), test_size=test_size, random_state=seed)
    except ValueError:  # it refuses an empty training set
        return
    drawn = random_test_rows(rows, test_size, seed)
    assert np.flatnonzero(drawn).tolist() == sorted(test)
    assert np.flatnonzero(~drawn).tolist() == sorted(train)


def test_random_parts_take_their_slice(tmp_path):
    method = Split(method="random", test_size=0.3, seed=7)
    index = index_of((6, 0), (4, 0))
    found = [
        *sides(tmp_path, ["x"] * 6, method, split_position(index, 0, method)),
        *sides(tmp_path, ["x"] * 4, method, split_position(index, 1, method)),
    ]
    _, test = train_test_split(np.arange(10), test_size=0.3, random_state=7)
    assert [row for row, side in enumerate(found) if side == "test"] == sorted(test)


def test_hash_depends_on_nothing_but_text_and_seed(tmp_path):
    method = Split(seed=1)
    texts = [f"text {number % 50}" for number in range(200)]
    assert split_position(index_of((200, 0)), 0, method) is None
    found = sides(tmp_path, texts, method, None)
    assert found == sides(tmp_path, texts[::-1], method, None)[::-1]
    assert found[:50] * 4 == found
    assert found != sides(tmp_path, texts, Split(seed=2), None)


@pytest.mark.parametrize("seed", [0, 42, 2**32 - 1])
@pytest.mark.parametrize("test_size", [0.2, 0.5])
def test_hash_draws_the_share_asked_for(seed, test_size):
    hashes = np.random.default_rng(seed).integers(0, 2**64, 100_000, np.uint64)
    drawn = hashed_test_rows(hashes, test_size, seed)
    assert abs(drawn.mean() - test_size) < 0.006  # four standard deviations
    other = hashed_test_rows(hashes, test_size, seed // 2 + 1)
    assert abs((drawn & other).mean() - test_size**2) < 0.006
    low = hashes < np.quantile(hashes, 0.01)  # the rows that parts end with
    assert abs(drawn[low].mean() - test_size) < 0.07


@pytest.mark.parametrize("method", ["hash", "random", "column"])
def test_a_test_file_decides(tmp_path, method):
    chosen = Split(method=method, column="split")
    index = index_of((2, 0), (3, 1))
    assert sides(tmp_path, ["a", "b"], chosen, split_position(index, 0, chosen)) == ["train"] * 2
    assert sides(tmp_path, ["a"] * 3, chosen, split_position(index, 1, chosen)) == ["test"] * 3


def test_a_column_decides_in_any_case(tmp_path):
    method = Split(method="column", column="fold")
    words = ["train", "TEST", "Train", "test"]
    expected = ["train", "test", "train", "test"]
    assert sides(tmp_path, list("abcd"), method, None, words) == expected


def test_other_words_in_the_column_are_named(tmp_path):
    method = Split(method="column", column="fold")
    with pytest.raises(InputError) as caught:
        sides(tmp_path, list("abcde"), method, None, ["train", "unsup", "unsup", None, ""])
    message = str(caught.value)
    assert "'fold' (split.column) holds 'unsup' (2 rows)" in message
    assert "empty (1 rows)" in message
    assert "train or test" in message
