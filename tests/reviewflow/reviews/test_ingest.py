"""Ingest: a part's rows, their hashes and lengths, in bytes that depend on the rows alone."""

import pyarrow as pa
import pyarrow.parquet as pq
from xxhash import xxh3_64_intdigest

from reviewflow.context import Context
from reviewflow.reviews.ingest import ingest_part

TEXTS = ["naïve ☕", "", None, "plain"]
LABELS = [1, None, 0, 1]


def rows(texts=TEXTS, labels=LABELS) -> pa.Table:
    return pa.table({"text": pa.array(texts, pa.string()), "label": pa.array(labels, pa.int8())})


def test_columns_and_types(tmp_path):
    figures = ingest_part(rows=rows(), folder=tmp_path, context=Context())
    table = pq.read_table(tmp_path / "reviews.parquet")
    kinds = [pa.string(), pa.int8(), pa.uint64(), pa.int32()]
    assert table.column_names == ["text", "label", "text_hash", "characters"]
    assert table.schema.types == kinds
    assert table["text"].to_pylist() == TEXTS
    assert table["label"].to_pylist() == LABELS
    assert table["characters"].to_pylist() == [7, 0, None, 5]
    expected = [xxh3_64_intdigest((text or "").encode()) for text in TEXTS]
    assert table["text_hash"].to_pylist() == expected
    assert figures == {"rows": 4, "bytes": sum(len((text or "").encode()) for text in TEXTS)}


def test_a_split_column_is_kept(tmp_path):
    table = rows().append_column("split", pa.array(["train", "test", "", None]))
    ingest_part(rows=table, folder=tmp_path, context=Context())
    found = pq.read_table(tmp_path / "reviews.parquet").column("split").to_pylist()
    assert found == ["train", "test", "", None]


def test_bytes_do_not_depend_on_how_the_rows_lie_in_memory(tmp_path):
    whole, chunked = tmp_path / "whole", tmp_path / "chunked"
    whole.mkdir()
    chunked.mkdir()
    ingest_part(rows=rows(), folder=whole, context=Context())
    pieces = [rows(["pad", *TEXTS], [0, *LABELS]).slice(1, 2), rows().slice(2)]
    ingest_part(rows=pa.concat_tables(pieces), folder=chunked, context=Context())
    name = "reviews.parquet"
    assert (whole / name).read_bytes() == (chunked / name).read_bytes()


def test_no_rows(tmp_path):
    assert ingest_part(rows=rows([], []), folder=tmp_path, context=Context()) == {
        "rows": 0,
        "bytes": 0,
    }
    assert pq.read_table(tmp_path / "reviews.parquet").num_rows == 0
