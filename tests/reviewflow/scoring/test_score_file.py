"""Rows in are rows out and rejects, with the probabilities of the model itself."""

import csv
import errno
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewflow.config.sections import Ingest
from reviewflow.context import Context
from reviewflow.errors import InputError, StoreError, UsageError
from reviewflow.models.bundle import read_bundle
from reviewflow.models.predictor import Model
from reviewflow.scoring import input_rows
from reviewflow.scoring.score_file import BLOCK_ROWS, rejects_path, score_file
from reviewflow.scoring.scored import Scored
from reviewflow.scoring.scoring_options import ScoringOptions
from tests.conftest import PlannedRun, Reviews


def score(model: Model, path: Path, output: Path, prefix: str = "", **reading: Any) -> Scored:
    ingest = Ingest(path=str(path), **{"text_column": "review", **reading})
    return score_file(model, path, output, ScoringOptions(ingest, prefix=prefix), Context())


def write(path: Path, rows: list[list[str]], header: tuple[str, ...] = ("id", "review")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def thousands(reviews: Reviews, tmp_path: Path) -> Path:
    """More rows than two blocks hold, some of them blank."""
    rows = [[f"{n:05}", reviews[n % 600][0][:200]] for n in range(2 * BLOCK_ROWS + 100)]
    for blank in (0, 7, BLOCK_ROWS, 2 * BLOCK_ROWS + 99):
        rows[blank][1] = " \t"
    return write(tmp_path / "many.csv", rows)


def test_every_row_comes_out_or_is_rejected(model: Model, thousands: Path, tmp_path: Path) -> None:
    output = tmp_path / "scores.parquet"
    scored = score(model, thousands, output)
    assert (scored.rows_in, scored.rejects) == (2 * BLOCK_ROWS + 100, 4)
    table, asked = pq.read_table(output), arrow_csv.read_csv(thousands)
    assert table.num_rows == scored.rows_out == scored.rows_in - 4
    with rejects_path(output).open() as file:
        rejected = list(csv.DictReader(file))
    records = [int(each["record"]) for each in rejected]
    assert records == [2, 9, BLOCK_ROWS + 2, 2 * BLOCK_ROWS + 101]
    assert {each["reason"] for each in rejected} == {"the text is blank"}
    kept = [row for row in range(asked.num_rows) if row + 2 not in records]
    assert table["id"].to_pylist() == [f"{row:05}" for row in kept]
    expected = model.probabilities(table["review"].combine_chunks())
    assert table["probability"].to_numpy().tobytes() == expected.tobytes()
    assert table["label"].to_pylist() == model.predict(table["review"].to_pylist()).tolist()
    assert set(table["model_version"].to_pylist()) == {model.version}
    assert scored.labels.sum() == scored.rows_out


def test_csv_out_holds_the_same(model: Model, thousands: Path, tmp_path: Path) -> None:
    score(model, thousands, tmp_path / "scores.parquet")
    score(model, thousands, tmp_path / "scores.csv")
    table = pq.read_table(tmp_path / "scores.parquet")
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["review"] for row in rows] == table["review"].to_pylist()
    odds = np.array([row["probability"] for row in rows], np.float32)
    assert odds.tobytes() == table["probability"].to_numpy().tobytes()


def test_parquet_columns_keep_their_types(model: Model, tmp_path: Path) -> None:
    table = pa.table(
        {
            "when": pa.array([1, 2, 3], pa.timestamp("us")),
            "tags": [["a"], [], ["b", "c"]],
            "review": ["good film", None, "bad film"],
            "stars": pa.array([5, None, 1], pa.int8()),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    scored = score(model, tmp_path / "in.parquet", tmp_path / "out.parquet")
    out = pq.read_table(tmp_path / "out.parquet")
    assert (scored.rows_out, scored.rejects) == (2, 1)
    assert out.select(table.column_names).equals(table.take([0, 2]))
    rejects = rejects_path(tmp_path / "out.parquet").read_text()
    assert rejects == "record,reason\n3,the text is null\n"


@pytest.mark.parametrize("index", [None, [7, 8, 9], ["a", "b", "c"]])
def test_pandas_reads_its_own_types_and_index_again(
    model: Model, tmp_path: Path, index: list[Any] | None
) -> None:
    frame = pd.DataFrame(
        {
            "number": pd.array([2**53 + 1, None, 3], "Int64"),
            "flag": pd.array([True, None, False], "boolean"),
            "kind": pd.Categorical(["b", "a", "b"], ["b", "a"], ordered=True),
            "when": pd.to_datetime(["2026-01-01", None, "2026-03-01"], utc=True),
            "review": pd.array(["good film", "bad film", " "], "string"),
        },
        index,
    )
    for rows in (frame, frame.iloc[:2]):
        rows.to_parquet(tmp_path / "in.parquet")
        score(model, tmp_path / "in.parquet", tmp_path / "out.parquet")
        out = pd.read_parquet(tmp_path / "out.parquet")
        pd.testing.assert_frame_equal(out[list(frame.columns)], frame.iloc[:2])
        assert list(out.columns[-3:]) == ["probability", "label", "model_version"]


def test_json_lines_keep_every_name(model: Model, tmp_path: Path) -> None:
    records = [{"review": "good", "n": 1}, {"review": "bad", "more": {"a": [1, None]}}]
    lines = "\n".join(json.dumps(each) for each in records)
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    score(model, tmp_path / "in.jsonl.gz", tmp_path / "out.parquet")
    out = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["review"] for row in out] == ["good", "bad"]
    assert [row["n"] for row in out] == ["1", None]
    assert json.loads(out[1]["more"]) == {"a": [1, None]}


def test_several_classes_have_a_probability_each(
    three_classes: PlannedRun, reviews: Reviews, tmp_path: Path
) -> None:
    model = Model(read_bundle(three_classes.folder("publish")))
    path = write(tmp_path / "in.csv", [["1", reviews[0][0]], ["2", reviews[1][0]]])
    score(model, path, tmp_path / "out.parquet")
    out = pq.read_table(tmp_path / "out.parquet")
    names = [f"probability_{name}" for name in ("bad", "fair", "good")]
    odds = np.stack([out[name].to_numpy() for name in names], axis=1)
    assert odds.tobytes() == model.probabilities(out["review"].combine_chunks()).tobytes()


def test_a_header_alone_gives_an_empty_file(model: Model, tmp_path: Path) -> None:
    scored = score(model, write(tmp_path / "in.csv", []), tmp_path / "out.parquet")
    assert scored.rows_in == 0
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.column_names == ["id", "review", "probability", "label", "model_version"]


@pytest.mark.parametrize(
    ("header", "error", "words"),
    [
        (("id", "text"), InputError, "no column 'review' to score; it has 'id', 'text'"),
        (("reviews", "id"), InputError, "did you mean 'reviews'?"),
        (("label", "review"), UsageError, "has a column 'label' already"),
        (("model_version", "review"), UsageError, "has a column 'model_version' already"),
        (("review", "review"), InputError, "has 2 columns 'review'"),
    ],
)
def test_columns_that_do_not_fit_are_refused_before_anything_is_written(
    model: Model, tmp_path: Path, header: tuple[str, str], error: type[Exception], words: str
) -> None:
    path = write(tmp_path / "in.csv", [["1", "good"]], header)
    with pytest.raises(error) as caught:
        score(model, path, tmp_path / "out.parquet")
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


def test_a_prefix_makes_room(model: Model, tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", [["x", "good"]], ("label", "review"))
    score(model, path, tmp_path / "out.parquet", prefix="predicted_")
    out = pq.read_table(tmp_path / "out.parquet")
    assert out["label"].to_pylist() == ["x"]
    assert out["predicted_label"].to_pylist() == model.predict(["good"]).tolist()


def test_a_broken_end_leaves_the_earlier_scores(
    model: Model, thousands: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.parquet"
    score(model, thousands, output)
    before = output.read_bytes()
    with thousands.open("a") as file:
        file.write('99999,"a quote that stays open')
    with pytest.raises(InputError, match="opens a quote that is never closed"):
        score(model, thousands, output)
    assert output.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "many.csv",
        "out.parquet",
        "out.parquet.rejects.csv",
    ]


def test_a_file_that_grows_meanwhile_is_not_half_scored(
    model: Model, thousands: Path, tmp_path: Path
) -> None:
    def append(message: str, figures: dict[str, float]) -> None:
        with thousands.open("a") as file:
            file.write("1,more\n")

    options = ScoringOptions(Ingest(path=str(thousands), text_column="review"))
    output = tmp_path / "out.parquet"
    with pytest.raises(InputError, match="changed while it was read"):
        score_file(model, thousands, output, options, Context(progress=append))
    assert not output.exists()


def test_a_file_that_is_half_written_meanwhile_is_said_to_change(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of half a file is broken, but that is not what is wrong with it."""
    path = write(tmp_path / "in.csv", [["1", "good"]])
    with path.open("a") as file:
        file.write('2,"half a te')

    def append(opened: Path, ingest: Ingest) -> bool:
        with path.open("a") as file:
            file.write("xt and mo")
        return False

    monkeypatch.setattr(input_rows, "is_json_lines", append)
    with pytest.raises(InputError, match="changed while it was read"):
        score(model, path, tmp_path / "out.parquet")
    monkeypatch.undo()
    with pytest.raises(InputError, match="a quote that is never closed"):
        score(model, path, tmp_path / "out.parquet")
    assert list(tmp_path.iterdir()) == [path]


def test_an_input_that_cannot_be_read_to_its_end_is_named(
    model: Model, thousands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any) -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"review": ["good"]})
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(input_rows, "csv_batches", broken)
    with pytest.raises(InputError, match=r"many\.csv cannot be read: Input/output error\."):
        score(model, thousands, tmp_path / "out.parquet")
    assert list(tmp_path.iterdir()) == [thousands]


def test_an_output_that_cannot_be_written_is_a_sentence(model: Model, tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", [["1", "good"]])
    with pytest.raises(StoreError, match="The scores cannot be written to"):
        score(model, path, tmp_path / "nowhere" / "out.parquet")


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=6))
def test_other_cells_pass_untouched(
    model: Model, tmp_path: Path, rows: list[tuple[str, str]]
) -> None:
    path = write(tmp_path / "in.csv", [[cell, text] for cell, text in rows])
    scored = score(model, path, tmp_path / "out.parquet")
    with path.open(encoding="utf-8", newline="") as file:
        expected = [row for row in list(csv.reader(file))[1:] if row]
    blank = [row for row in expected if not row[1].strip()]
    out = pq.read_table(tmp_path / "out.parquet")
    assert [*zip(out["id"].to_pylist(), out["review"].to_pylist(), strict=True)] == [
        tuple(row) for row in expected if row[1].strip()
    ]
    assert (scored.rows_in, scored.rejects) == (len(expected), len(blank))
