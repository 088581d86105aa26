"""Whatever file the reviews come in, the same rows become the same features."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.model_selection import train_test_split

from reviewflow.jobs.sentiment_summary import data_entry
from tests.conftest import (
    PlannedRun,
    Reviews,
    plan_and_run,
    small_config,
    write_config,
    write_reviews,
)

COUNT = 200
UNCHECKED = ("ingest", "normalize", "vectorize")


@pytest.fixture(scope="module")
def rows(reviews: Reviews) -> Reviews:
    """200 reviews that Latin-1 can hold, some with line breaks, quotes, tabs and delimiters."""
    kept = [(text, label) for text, label in reviews if fits_latin_1(text)][:COUNT]
    kept[0] = ('Two lines,\n"and" quotes;\ta tab, caf\xe9.\r\nThe end. <b>Good</b>', kept[0][1])
    kept[1:20] = [(text.replace("<br /><br />", "\n\n"), label) for text, label in kept[1:20]]
    assert len(kept) == COUNT
    return kept


def fits_latin_1(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def features(content: dict[str, Any], folder: Path) -> PlannedRun:
    """Everything from the file to the features, in a folder of its own."""
    folder.mkdir(exist_ok=True)
    content["normalize"] = {"reduce": "stem"}
    return plan_and_run(write_config(folder / "job.yaml", content), folder / "made", UNCHECKED)


def table_of(result: PlannedRun) -> pa.Table:
    return pq.read_table(result.folder("features", 0) / "features.parquet")


@pytest.fixture(scope="module")
def expected(rows: Reviews, tmp_path_factory: pytest.TempPathFactory) -> PlannedRun:
    """The features of the plain CSV file."""
    folder = tmp_path_factory.mktemp("csv")
    return features(small_config(write_reviews(folder / "reviews.csv", rows)), folder)


Write = Callable[[Path, Reviews], dict[str, Any]]


def delimited(delimiter: str, name: str, encoding: str = "utf-8", end: str = "\r\n") -> Write:
    def write(folder: Path, rows: Reviews) -> dict[str, Any]:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
        writer.writerow(["review", "sentiment"])
        writer.writerows(rows)
        (folder / name).write_bytes(text.getvalue().encode(encoding))
        named = "utf-8" if encoding == "utf-8-sig" else encoding
        return {"path": str(folder / name), "delimiter": delimiter, "encoding": named}

    return write


def parquet(folder: Path, rows: Reviews) -> dict[str, Any]:
    texts, labels = zip(*rows, strict=True)
    table = pa.table({"review": texts, "sentiment": pa.array(labels).dictionary_encode()})
    pq.write_table(table, folder / "reviews.parquet")
    return {"path": str(folder / "reviews.parquet")}


def parquet_of_numbers(folder: Path, rows: Reviews) -> dict[str, Any]:
    texts, labels = zip(*rows, strict=True)
    stars = pa.array([5 if label == "positive" else 1 for label in labels], pa.int64())
    pq.write_table(pa.table({"stars": stars, "text": texts}), folder / "reviews.parquet")
    return {
        "path": str(folder / "reviews.parquet"),
        "text_column": "text",
        "label_column": "stars",
        "labels": {1: 0, 5: 1},
    }


def label_numbers(folder: Path, rows: Reviews) -> dict[str, Any]:
    numbered = [(text, str(int(label == "positive"))) for text, label in rows]
    path = write_reviews(folder / "reviews.csv", numbered)
    return {"path": str(path), "labels": {0: 0, 1: 1}}


def other_columns(folder: Path, rows: Reviews) -> dict[str, Any]:
    with (folder / "reviews.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["id", "Label", "user's text", "note, long"])
        writer.writerows((n, label, text, "x,\n") for n, (text, label) in enumerate(rows))
    return {
        "path": str(folder / "reviews.csv"),
        "text_column": "user's text",
        "label_column": "Label",
    }


def json_lines(folder: Path, rows: Reviews) -> dict[str, Any]:
    """Objects with a blank line among them, names in any order, and non-ASCII text as escapes."""
    lines = [
        json.dumps({"review": text, "sentiment": label, "id": n})
        if n % 2
        else json.dumps({"sentiment": label, "review": text}, ensure_ascii=False)
        for n, (text, label) in enumerate(rows)
    ]
    path = folder / "reviews.jsonl"
    path.write_text("\n".join([*lines[:3], "", *lines[3:]]), encoding="utf-8")
    return {"path": str(path)}


def json_lines_of_numbers(folder: Path, rows: Reviews) -> dict[str, Any]:
    path = folder / "reviews.txt"
    path.write_text(
        "".join(f"{json.dumps({'text': t, 'good': w == 'positive'})}\r\n" for t, w in rows),
        encoding="utf-16",
    )
    return {
        "path": str(path),
        "encoding": "utf-16",
        "text_column": "text",
        "label_column": "good",
        "labels": {"false": 0, "true": 1},
    }


def packed(write: Write, pack: Callable[[Path], Path]) -> Write:
    def write_packed(folder: Path, rows: Reviews) -> dict[str, Any]:
        settings = write(folder, rows)
        plain = Path(settings["path"])
        path = pack(plain)
        plain.unlink()
        return {**settings, "path": str(path)}

    return write_packed


def gzipped(path: Path) -> Path:
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def two_gzips(path: Path) -> Path:
    """Two streams in one file, as ``cat a.gz b.gz`` gives."""
    packed, content = path.with_name("both.gz"), path.read_bytes()
    packed.write_bytes(gzip.compress(content[:999]) + gzip.compress(content[999:]))
    return packed


def zstd_packed(path: Path) -> Path:
    packed = path.with_name("without_an_ending")
    with pa.output_stream(str(packed), compression="zstd") as stream:
        stream.write(path.read_bytes())
    return packed


def zipped(path: Path) -> Path:
    packed = path.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        archive.write(path, "folder/../../reviews")
        archive.writestr("__MACOSX/._reviews", b"\0")
    return packed


FORMATS: dict[str, Write] = {
    "json lines": json_lines,
    "json lines of numbers": json_lines_of_numbers,
    "json lines, zstd": packed(json_lines, zstd_packed),
    "csv, gzip": packed(delimited(",", "reviews.csv"), gzipped),
    "csv, two gzips": packed(delimited(",", "reviews.csv"), two_gzips),
    "utf-16 tabs, zip": packed(delimited("\t", "reviews.tsv", "utf-16"), zipped),
    "parquet, gzip": packed(parquet, gzipped),
    "parquet, zip": packed(parquet, zipped),
    "tsv": delimited("\t", "reviews.tsv"),
    "semicolons, unix lines": delimited(";", "reviews.txt", end="\n"),
    "byte order mark": delimited(",", "reviews.csv", "utf-8-sig"),
    "latin-1": delimited(",", "reviews.csv", "latin-1"),
    "utf-16": delimited(",", "reviews.csv", "utf-16"),
    "parquet": parquet,
    "parquet with numbers": parquet_of_numbers,
    "label numbers": label_numbers,
    "other columns": other_columns,
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_of_the_file_leaves_no_trace(
    name: str, rows: Reviews, expected: PlannedRun, tmp_path: Path
) -> None:
    content = small_config(tmp_path)
    content["ingest"] = FORMATS[name](tmp_path, rows)
    result = features(content, tmp_path)
    assert {step: o.key for step, o in result.outcomes.items()} == {
        step: o.key for step, o in expected.outcomes.items()
    }
    assert table_of(result).equals(table_of(expected))


def test_the_rows_are_what_the_file_holds(rows: Reviews, expected: PlannedRun) -> None:
    read = pq.read_table(expected.folder("ingest", 0) / "reviews.parquet")
    assert read["text"].to_pylist() == [text for text, _ in rows]
    assert read["label"].to_pylist() == [int(label == "positive") for _, label in rows]
    assert read["characters"].to_pylist() == [len(text) for text, _ in rows]
    made = table_of(expected)
    assert made["label"].to_pylist() == read["label"].to_pylist()
    assert made.num_rows == COUNT


def sides(result: PlannedRun) -> list[str]:
    """The side of every row, in the order of the parts."""
    parts = range(len(result.run.index.parts))
    return [
        side
        for part in parts
        for side in pq.read_table(result.folder("features", part) / "features.parquet")[
            "split"
        ].to_pylist()
    ]


def test_a_hash_split_stays_put_when_rows_come_and_go(
    rows: Reviews, expected: PlannedRun, tmp_path: Path
) -> None:
    before = dict(zip((text for text, _ in rows), sides(expected), strict=True))
    fewer = [rows[5], *rows[20:]]
    result = features(small_config(write_reviews(tmp_path / "reviews.csv", fewer)), tmp_path)
    assert sides(result) == [before[text] for text, _ in fewer]
    assert 0.1 < sides(expected).count("test") / COUNT < 0.3


def test_a_random_split_is_that_of_scikit_learn(rows: Reviews, tmp_path: Path) -> None:
    content = small_config(write_reviews(tmp_path / "reviews.csv", rows))
    content["split"] = {"method": "random", "test_size": 0.25, "seed": 5}
    _, test = train_test_split(np.arange(COUNT), test_size=0.25, random_state=5)
    made = np.array(sides(features(content, tmp_path)))
    assert sorted(test) == np.flatnonzero(made == "test").tolist()


def test_a_split_column_is_obeyed(rows: Reviews, tmp_path: Path) -> None:
    words = ("test", "validation", "train", "train")
    chosen = [words[number % 4] for number in range(COUNT)]
    with (tmp_path / "reviews.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["split", "review", "sentiment"])
        writer.writerows((side, *row) for side, row in zip(chosen, rows, strict=True))
    content = small_config(tmp_path / "reviews.csv")
    content["split"] = {"method": "column", "column": "split", "validation_size": 0}
    assert sides(features(content, tmp_path)) == chosen


def test_a_test_file_is_the_test_split(rows: Reviews, tmp_path: Path) -> None:
    content = small_config(write_reviews(tmp_path / "train.csv", rows[:150]))
    content["ingest"]["test_path"] = str(write_reviews(tmp_path / "test.csv", rows[150:]))
    content |= {"split": {"validation_size": 0}, "select": {"on": "test"}}
    result = features(content, tmp_path)
    assert [part.rows for part in result.run.index.parts] == [150, 50]
    assert sides(result) == ["train"] * 150 + ["test"] * 50


def test_rows_read_are_rows_kept_and_rows_left_out(rows: Reviews, tmp_path: Path) -> None:
    odd = [*rows[:50], ("So so.", "neutral"), *rows[50:], ("Hm.", "neutral"), ("Well.", "?")]
    content = small_config(write_reviews(tmp_path / "reviews.csv", odd))
    content["ingest"]["other_labels"] = "drop"
    result = features(content, tmp_path)
    told_of = data_entry(result.run.index, content["ingest"]["path"])
    assert [
        (one["word"], one["rows"], list(one["first_records"])) for one in told_of["left_out"]
    ] == [
        ("neutral", 2, [52, COUNT + 3]),
        ("?", 1, [COUNT + 4]),
    ]
    assert told_of["rows"] + sum(one["rows"] for one in told_of["left_out"]) == len(odd)
    assert table_of(result).num_rows == told_of["rows"] == COUNT
    assert result.run.index.record(0, 50) == 53  # the row behind the first that was left out


def test_a_row_without_a_label_keeps_its_place(rows: Reviews, tmp_path: Path) -> None:
    content = small_config(write_reviews(tmp_path / "r.csv", [(rows[0][0], ""), *rows[1:]]))
    labels = table_of(features(content, tmp_path))["label"].to_pylist()
    assert labels[0] is None
    assert None not in labels[1:]
    assert len(labels) == COUNT


def test_words_are_found_as_classes_in_csv_and_parquet(rows: Reviews, tmp_path: Path) -> None:
    content = small_config(write_reviews(tmp_path / "reviews.csv", rows))
    content["ingest"]["labels"] = "auto"
    first = features(content, tmp_path)
    assert first.run.index.labels == {"negative": 0, "positive": 1}
    named = small_config(write_reviews(tmp_path / "reviews.csv", rows))
    other = tmp_path / "named"
    other.mkdir()
    assert sides(features(named, other)) == sides(first)


def test_a_group_stays_together_in_a_whole_job(rows: Reviews, tmp_path: Path) -> None:
    films = [f"film {number // 4}" for number in range(COUNT)]
    with (tmp_path / "reviews.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["film", "review", "sentiment"])
        writer.writerows((film, *row) for film, row in zip(films, rows, strict=True))
    content = small_config(tmp_path / "reviews.csv")
    content["ingest"]["group_column"] = "film"
    found = sides(features(content, tmp_path))
    assert len(found) == COUNT
    assert len({(film, side) for film, side in zip(films, found, strict=True)}) == COUNT // 4
