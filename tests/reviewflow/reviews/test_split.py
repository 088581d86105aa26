"""The split: scikit-learn's where it is random, and equal texts together where it is hashed."""

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
    hashed_rows,
    random_test_rows,
    split_part,
    split_position,
)


def sides(
    tmp_path: Path, texts, method: Split, position: Position | None, words=None, groups=None
) -> list[str]:
    columns = {"text": pa.array(texts, pa.string()), "label": pa.array([1] * len(texts), pa.int8())}
    for name, cells in (("split", words), ("group", groups)):
        if cells is not None:
            columns[name] = pa.array(cells, pa.string())
    ingest_part(rows=pa.table(columns), folder=tmp_path, context=Context())
    figures = split_part(
        reviews=tmp_path, split=method, position=position, folder=tmp_path, context=Context()
    )
    column = pq.read_table(tmp_path / "split.parquet").column("split")
    assert column.type == pa.dictionary(pa.int8(), pa.string())
    found = column.to_pylist()
    counts = {name: found.count(name) for name in ("validation", "test")}
    assert figures == {"rows": len(texts), **counts}
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
    method = Split(method="random", test_size=0.3, validation_size=0, seed=7)
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
    drawn = hashed_rows(hashes, test_size, seed)
    assert abs(drawn.mean() - test_size) < 0.006  # four standard deviations
    other = hashed_rows(hashes, test_size, seed // 2 + 1)
    assert abs((drawn & other).mean() - test_size**2) < 0.006
    low = hashes < np.quantile(hashes, 0.01)  # the rows that parts end with
    assert abs(drawn[low].mean() - test_size) < 0.07


@pytest.mark.parametrize("method", ["hash", "random", "column"])
def test_a_test_file_decides(tmp_path, method):
    chosen = Split(method=method, column="split", validation_size=0)
    index = index_of((2, 0), (3, 1))
    assert sides(tmp_path, ["a", "b"], chosen, split_position(index, 0, chosen)) == ["train"] * 2
    assert sides(tmp_path, ["a"] * 3, chosen, split_position(index, 1, chosen)) == ["test"] * 3


def test_a_column_decides_in_any_case(tmp_path):
    method = Split(method="column", column="fold", validation_size=0)
    words = ["train", "TEST", "Train", "test", "Validation"]
    expected = ["train", "test", "train", "test", "validation"]
    assert sides(tmp_path, list("abcde"), method, None, words) == expected


def test_other_words_in_the_column_are_named(tmp_path):
    method = Split(method="column", column="fold")
    with pytest.raises(InputError) as caught:
        sides(tmp_path, list("abcde"), method, None, ["train", "unsup", "unsup", None, ""])
    message = str(caught.value)
    assert "'fold' (split.column) holds 'unsup' (2 rows)" in message
    assert "empty (1 rows)" in message
    assert "train, validation or test" in message


@pytest.mark.parametrize("method", ["hash", "random", "column"])
def test_validation_rows_are_taken_from_the_training_rows(tmp_path, method):
    texts = [f"text {number}" for number in range(4000)]
    words = ["test" if number % 4 == 0 else "train" for number in range(4000)]
    index = index_of((4000, 0))
    found = {}
    for size in (0, 0.2):
        chosen = Split(method=method, column="split", test_size=0.25, validation_size=size)
        found[size] = sides(tmp_path, texts, chosen, split_position(index, 0, chosen), words)
    without, with_some = (np.array(found[size]) for size in (0, 0.2))
    assert (without == "test").tolist() == (with_some == "test").tolist()
    taken = with_some == "validation"
    assert set(without[taken]) == {"train"}
    assert abs(taken.sum() / (without == "train").sum() - 0.2) < 0.03  # four standard deviations


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", "d", "e", "", None]), min_size=1, max_size=60))
def test_a_group_is_never_on_two_sides(tmp_path_factory, groups):
    method = Split(test_size=0.4, validation_size=0.4, seed=3)
    texts = [f"text {number}" for number in range(len(groups))]
    folder = tmp_path_factory.mktemp("groups")
    found = sides(folder, texts, method, None, groups=groups)
    for group in set(groups) - {"", None}:
        assert len({side for side, own in zip(found, groups, strict=True) if own == group}) == 1
    alone = sides(folder, texts, method, None)
    for side, own, text_side in zip(found, groups, alone, strict=True):
        assert own or side == text_side  # a row without a group goes by its text
