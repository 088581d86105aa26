"""``reviewflow store ls | verify | gc`` as a person and a script see them."""

from pathlib import Path

from tests.flows.commands.conftest import FIRST
from tests.flows.commands.invoke import asked, call
from tests.reviewflow.small_store import key_of


def test_ls_names_every_artifact_with_its_size_age_and_runs(artifacts: Path) -> None:
    listed = {entry["key"]: entry for entry in asked(artifacts, "store", "ls")}
    assert listed[key_of(0)]["runs"] == [FIRST]
    assert listed[key_of(2)]["runs"] == []
    assert 3590 < listed[key_of(0)]["age_seconds"] < 3700
    lines = call(artifacts, "store", "ls").stdout.splitlines()
    assert lines[0].split() == ["stage", "key", "size", "age", "used", "by"]
    (line,) = [line for line in lines if key_of(2) in line]
    assert line.startswith("train")
    assert line.endswith("no run")
    assert lines[-1].startswith("3 artifacts,")


def test_verify_ends_with_1_and_a_list_when_something_is_wrong(artifacts: Path) -> None:
    whole = call(artifacts, "store", "verify")
    assert (whole.exit_code, whole.stderr) == (0, "")
    assert "all whole" in whole.stdout
    (artifacts / "store" / "train" / key_of(1) / "data.txt").write_text("TRAIN 1")
    (artifacts / "store" / ".making" / f"train-{key_of(0)}-x").mkdir()
    damaged = call(artifacts, "store", "verify")
    assert damaged.exit_code == 1
    assert "data.txt has other content than its manifest says" in damaged.stdout
    assert "leftover temporary folder" in damaged.stdout
    (fault,) = asked(artifacts, "store", "verify")["faults"]
    assert (fault["key"], fault["file"]) == (key_of(1), "data.txt")


def test_gc_says_what_it_would_remove_and_then_removes_just_that(artifacts: Path) -> None:
    dry = asked(artifacts, "store", "gc", "--keep-runs", "1", "--dry-run")
    assert len(asked(artifacts, "store", "ls")) == 3
    done = asked(artifacts, "store", "gc", "--keep-runs", "1")
    assert {**dry, "dry_run": False} == done
    assert {each["key"] for each in done["removed"]} == {key_of(0), key_of(2)}
    (left,) = asked(artifacts, "store", "ls")
    assert left["key"] == key_of(1)
    again = call(artifacts, "store", "gc", "--keep-runs", "1", "--runs")
    assert again.stdout.splitlines()[0].startswith(f"run {FIRST}")
    assert "Removed 0 artifacts, 1 run:" in again.stdout
    assert call(artifacts, "store", "gc", "--keep-runs", "0").exit_code == 2


def test_an_empty_folder_is_no_error(tmp_path: Path) -> None:
    assert call(tmp_path, "store", "ls").stdout.startswith("0 artifacts, 0 B in")
    assert call(tmp_path, "store", "verify").exit_code == 0
    assert call(tmp_path, "store", "gc", "--keep-runs", "1").exit_code == 0
    assert list(tmp_path.iterdir()) == []
