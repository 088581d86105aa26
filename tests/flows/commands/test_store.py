"""The commands on the store and on past runs, as a person and a script see them."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flows.commands.main import main
from tests.reviewflow.small_store import key_of, make_artifact, write_run

FIRST, SECOND = "2024-01-01T00-00-00-aaaaaa", "2024-01-02T00-00-00-bbbbbb"
HOSTILE = "evil\x1b[31m[red]\nname\u202e"


def variant(name: str, roc_auc: float | None) -> dict[str, Any]:
    metrics = {"accuracy": 0.8, "roc_auc": roc_auc, "log_loss": 0.4}
    return {
        "name": name,
        "state": "ran",
        "seconds": 1.5,
        "diagnosis": "Learned.",
        "metrics": {"train": metrics, "test": metrics},
    }


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """Three artifacts, and two runs that use two of them."""
    for number in range(3):
        make_artifact(tmp_path, "train", number)
    for run_id, number, score in ((FIRST, 0, 0.9), (SECOND, 1, 0.95)):
        write_run(
            tmp_path,
            run_id,
            [("train", key_of(number))],
            seconds=2.0,
            data={"rows": 600},
            best={"variant": "relu"},
            config={"train": {"learning_rate": score}},
            variants=[variant("relu", score), variant(HOSTILE, None)],
            quality=[{"success": False, "asked": HOSTILE, "suite": "reviews", "observed": "3"}],
        )
    (tmp_path / "runs" / "latest").symlink_to(SECOND)
    return tmp_path


def call(artifacts: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--artifacts", str(artifacts)])


def asked(artifacts: Path, *arguments: str) -> Any:
    answer = call(artifacts, *arguments, "--json")
    assert answer.stdout.isascii()
    return json.loads(answer.stdout)


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


def test_runs_are_listed_with_their_best_variant(artifacts: Path) -> None:
    assert [line["roc_auc"] for line in asked(artifacts, "runs")] == [0.95, 0.9]
    (artifacts / "runs" / FIRST / "run.json").write_text('{"half')
    header, newest, oldest, _ = call(artifacts, "runs").stdout.splitlines()
    assert header.split()[0] == "run"
    assert newest.split()[:3] == [SECOND, "imdb", "completed"]
    assert "0.9500" in newest
    assert oldest.split()[:3] == [FIRST, "–", "unreadable"]
    assert call(artifacts, "show", FIRST).exit_code == 0
    refused = call(artifacts, "compare", FIRST, SECOND)
    assert refused.exit_code == 1
    assert "cannot be compared" in refused.stderr


def test_show_tells_of_one_run_and_escapes_what_comes_from_data(artifacts: Path) -> None:
    page = call(artifacts, "show", "latest")
    assert page.exit_code == 0
    for words in (SECOND, "relu, ROC AUC 0.9500", "Variants", "Failed expectations"):
        assert words in page.stdout
    assert "evil␛[31m[red] name⟨U+202E⟩" in page.stdout
    assert "\x1b" not in page.stdout
    assert asked(artifacts, "show", "latest")["quality"]["failures"][0]["asked"] == HOSTILE


def test_compare_shows_what_differs(artifacts: Path) -> None:
    shown = call(artifacts, "compare", "2024-01-01", "latest").stdout
    assert "train.learning_rate  0.9  0.95" in shown
    assert "0.9000 → 0.9500" in shown
    assert "Data: no difference." in shown
    found = asked(artifacts, "compare", FIRST, SECOND)
    assert found["parameters"] == [{"name": "train.learning_rate", "a": 0.9, "b": 0.95}]


def test_an_unknown_run_is_a_sentence_and_exit_code_2(artifacts: Path) -> None:
    for arguments in (("show", "2025"), ("compare", "latest", "2024-01")):
        refused = call(artifacts, *arguments)
        assert refused.exit_code == 2
        assert refused.stderr.startswith("Error: ")
        assert "Traceback" not in refused.stderr


def test_an_empty_folder_is_no_error(tmp_path: Path) -> None:
    assert call(tmp_path, "runs").stdout.startswith("0 runs in")
    assert call(tmp_path, "store", "ls").stdout.startswith("0 artifacts, 0 B in")
    assert call(tmp_path, "store", "verify").exit_code == 0
    assert call(tmp_path, "store", "gc", "--keep-runs", "1").exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_gets_tables_with_whole_ids_and_a_bar(artifacts: Path) -> None:
    """In a real pseudo-terminal, 80 columns wide."""
    for arguments, words in ((["runs"], SECOND), (["store", "ls"], key_of(1))):
        shown = in_terminal([*arguments, "--artifacts", str(artifacts)])
        assert words in shown
    assert "verifying" in in_terminal(["store", "verify", "--artifacts", str(artifacts)])
    assert "\x1b[31m[" not in in_terminal(["show", "latest", "--artifacts", str(artifacts)])


def in_terminal(arguments: list[str]) -> str:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.commands.main", *arguments],
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # how Linux tells the end of a pseudo-terminal
            break
        if not piece:
            break
        shown += piece
    process.wait()
    os.close(ours)
    assert process.returncode == 0
    return shown.decode()
