"""Tables read without pyarrow.dataset are the tables that pyarrow reads."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewflow.store.parquet import read_parquet


@pytest.fixture
def path(tmp_path: Path) -> Path:
    words = pa.array(["good", "film", "good"])
    table = pa.table(
        {
            "text": pa.array(["é", None, ""]).dictionary_encode(),
            "tokens": pa.ListArray.from_arrays([0, 2, 2, 3], words.dictionary_encode()),
            "numbers": pa.array([[1, 2], [], None], pa.list_(pa.int32())),
            "number": pa.array([1.5, None, 2.0], pa.float32()),
        }
    )
    pq.write_table(table, tmp_path / "some.parquet", row_group_size=2)
    return tmp_path / "some.parquet"


def test_a_file_is_read_as_pyarrow_reads_it(path: Path) -> None:
    assert read_parquet(path).equals(pq.read_table(path), check_metadata=True)
    chosen = ["tokens", "text"]
    assert read_parquet(path, chosen).equals(pq.read_table(path, columns=chosen))


def test_a_file_without_rows_is_read(path: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.parquet"
    pq.ParquetWriter(empty, pq.read_schema(path)).close()
    assert read_parquet(empty, ["text"]).equals(pq.read_table(empty, columns=["text"]))


def test_a_damaged_file_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(pa.ArrowInvalid):
        read_parquet(path)
