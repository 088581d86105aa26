"""Whether two runs have the same rows is decided by the rows themselves."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reviewflow.jobs.run_rows import RowsVerdict, compare_rows
from reviewflow.runs.history import RunRecord, run_record
from tests.reviewflow.small_store import edit_json, key_of, write_run

Part = list[tuple[int, int | None, str]]  # text, label and split of each row

BASE: Part = [(1, 0, "train"), (2, 1, "train"), (3, 1, "test"), (4, 0, "test")]


def make_run(artifacts: Path, number: int, *parts: Part) -> RunRecord:
    """A run that read these parts."""
    stages = []
    for place, part in enumerate(parts):
        key = key_of(100 * number + place)
        text, label, split = zip(*part, strict=True)
        (artifacts / "store" / "ingest" / key).mkdir(parents=True)
        (artifacts / "store" / "split" / key).mkdir(parents=True)
        reviews = {"text_hash": np.array(text, np.uint64), "label": pa.array(label, pa.int8())}
        pq.write_table(pa.table(reviews), artifacts / "store/ingest" / key / "reviews.parquet")
        splits = pa.table({"split": pa.array(split).dictionary_encode()})
        pq.write_table(splits, artifacts / "store/split" / key / "split.parquet")
        stages += [{"stage": name, "part": place, "key": key} for name in ("ingest", "split")]
    rows = [row for part in parts for row in part]
    classes = [
        {"name": name, "test": sum(row[1] == label and row[2] == "test" for row in rows)}
        for label, name in enumerate(("bad", "good"))
    ]
    run_id, data = f"2024-01-0{number}T00-00-00-aaaaaa", {"rows": len(rows), "classes": classes}
    folder = write_run(artifacts, run_id, config={"ingest": {}}, data=data)
    edit_json(folder / "run.json", lambda content: content.update(stages=stages))
    return run_record(folder)


def verdict(folder: Path, *other: Part, of: tuple[Part, ...] = (BASE,)) -> RowsVerdict:
    """The verdict on a run of some parts and one of others."""
    return compare_rows(make_run(folder, 1, *of), make_run(folder, 2, *other), folder / "store")


def test_equal_rows_are_the_same_whatever_their_parts(tmp_path: Path) -> None:
    found = verdict(tmp_path, BASE[:2], BASE[2:])
    assert (found.kind, found.test_a, found.test_b, found.shared_test) == ("same", 2, 2, 2)
    assert (
        found.sentence == "Both runs have the same 4 rows in the same split, 2 of them test rows."
    )


def test_equal_keys_need_no_store(tmp_path: Path) -> None:
    run = make_run(tmp_path, 1, BASE)
    found = compare_rows(run, run, tmp_path / "gone")
    assert (found.kind, found.is_paired, found.test_a) == ("same", True, 2)


def test_other_training_rows_leave_the_test_rows_the_same(tmp_path: Path) -> None:
    found = verdict(tmp_path, [*BASE, (5, 0, "train")])
    assert (found.kind, found.is_paired) == ("same_test", True)
    assert "the same 2 test rows, but other training rows" in found.sentence
    again = verdict(tmp_path / "x", [(1, 0, "validation"), *BASE[1:]])
    assert "but another split of the others" in again.sentence


def test_other_test_rows_are_counted(tmp_path: Path) -> None:
    found = verdict(tmp_path, [*BASE, (5, 0, "test"), (4, 0, "test")])
    assert (found.kind, found.is_paired, found.shared_test) == ("other", False, 2)
    assert found.sentence.startswith(
        "The two runs read other rows: 2 and 4 test rows, 2 of them in both."
    )
    labels = verdict(tmp_path / "x", [*BASE[:3], (4, 1, "test")])
    assert (labels.kind, labels.shared_test) == ("other", 1), "a row with another label"
    split = verdict(tmp_path / "y", [*BASE[:3], (4, 0, "train")])
    assert "split the same rows in another way" in split.sentence


def test_two_data_sets_are_named_so(tmp_path: Path) -> None:
    found = verdict(tmp_path, [(text + 9, label, split) for text, label, split in BASE])
    assert found.sentence.startswith("The two runs read two data sets: 2 and 2 test rows, 0 of")
    trained = [(text + 9, label, "train") for text, label, _ in BASE]
    none = verdict(tmp_path / "x", trained, of=([(1, 0, "train")],))
    assert none.kind == "other", "no test row in either"


def test_other_classes_are_another_data_set(tmp_path: Path) -> None:
    a, b = make_run(tmp_path, 1, BASE), make_run(tmp_path, 2, BASE)
    edit_json(b.folder / "run.json", lambda run: run["data"]["classes"].reverse())
    found = compare_rows(a, run_record(b.folder), tmp_path / "store")
    assert found.kind == "other"
    assert "other classes" in found.sentence


def test_rows_that_are_gone_are_unknown(tmp_path: Path) -> None:
    a, b = make_run(tmp_path, 1, BASE), make_run(tmp_path, 2, BASE, [(5, None, "train")])
    (tmp_path / "store" / "ingest" / key_of(201) / "reviews.parquet").unlink()
    found = compare_rows(a, b, tmp_path / "store")
    assert (found.kind, found.is_paired) == ("unknown", False)
    assert b.run_id in found.sentence
    assert a.run_id not in found.sentence


def test_a_job_without_rows_says_nothing(tmp_path: Path) -> None:
    runs = [run_record(write_run(tmp_path, f"2024-01-0{n}T00-00-00-a")) for n in (1, 2)]
    assert compare_rows(runs[0], runs[1], tmp_path / "store").sentence == ""
    moons = run_record(write_run(tmp_path, "2024-01-03T00-00-00-a", job="moons"))
    assert "other jobs" in compare_rows(runs[0], moons, tmp_path / "store").sentence
    tried = run_record(write_run(tmp_path, "2024-01-04T00-00-00-a", variants=[{"name": "x"}]))
    assert compare_rows(runs[0], tried, tmp_path / "store").kind == "unknown"
