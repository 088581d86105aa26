"""The command and its Prefect server under the same faults."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reviewflow.runs.record import read_run
from tasks.environment import OWN_SERVER
from tests.conftest import ROOT
from tests.faults.conftest import (
    WAIT_SECONDS,
    Undisturbed,
    can_mount,
    complete_steps,
    temporary_folders,
)

pytestmark = pytest.mark.slow

Command = subprocess.Popen[str]


def reviewflow(job: Path, artifacts: Path, *options: str, before: tuple[str, ...] = ()) -> Command:
    """Start ``reviewflow run`` in a session of its own, through another command or not."""
    given = ("PREFECT_API_URL", "PREFECT_HOME", OWN_SERVER)
    return subprocess.Popen(
        [
            *before,
            *(sys.executable, "-m", "flows.commands.main", "run"),
            *("--config", str(job), "--artifacts", str(artifacts), *options),
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finished(command: Command) -> None:
    """Wait for a run that is to succeed."""
    output, _ = command.communicate(timeout=WAIT_SECONDS)
    assert command.returncode == 0, output


def kill(command: Command) -> None:
    command.send_signal(signal.SIGKILL)
    command.communicate()


def runs(artifacts: Path) -> list[dict]:  # type: ignore[type-arg]
    """What the runs' records say, the oldest first."""
    folders = [path.parent for path in (artifacts / "runs").glob("*/run.json")]
    return [read_run(folder) for folder in sorted(folders) if not folder.is_symlink()]


def ran(record: dict) -> list[tuple[str, str]]:  # type: ignore[type-arg]
    return [(s["stage"], s["key"]) for s in record["stages"] if s["state"] == "ran"]


def servers(artifacts: Path) -> list[psutil.Process]:
    """Living server processes of these artifacts' Prefect home."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(artifacts / "prefect") in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def until(condition: object, what: str) -> None:
    assert callable(condition)
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.fixture
def artifacts(tmp_path: Path) -> Iterator[Path]:
    """A folder for artifacts; no server may be left behind in it."""
    folder = tmp_path / "artifacts"
    yield folder
    left = servers(folder)
    for process in left:
        process.kill()
    assert left == []


def test_the_store_needs_nothing_of_prefects(
    job: Path, undisturbed: Undisturbed, artifacts: Path, tmp_path: Path
) -> None:
    """What was made without Prefect, or by a Prefect whose home is gone, is cached."""
    undisturbed.copy(tmp_path)
    finished(reviewflow(job, artifacts))
    assert (artifacts / "prefect").is_dir()
    record = runs(artifacts)[-1]
    assert record["state"] == "completed"
    assert {(s["stage"], s["key"]) for s in record["stages"]} == undisturbed.made
    assert ran(record) == []


@pytest.mark.parametrize("lost", ["prefect.db", "storage", "."])
def test_prefects_database_and_results_may_be_deleted(
    lost: str, job: Path, undisturbed: Undisturbed, artifacts: Path
) -> None:
    finished(reviewflow(job, artifacts))
    assert set(ran(runs(artifacts)[-1])) == undisturbed.made == complete_steps(artifacts)
    home = artifacts / "prefect"
    gone = [home] if lost == "." else list(home.glob(f"{lost}*"))
    assert gone or lost == "storage"  # Prefect keeps no results here, so there may be none
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    finished(reviewflow(job, artifacts))
    assert ran(runs(artifacts)[-1]) == []
    assert len(runs(artifacts)[-1]["stages"]) == len(undisturbed.made)


def test_the_server_outlives_a_killed_run_that_another_shares_it_with(
    job: Path, undisturbed: Undisturbed, artifacts: Path
) -> None:
    first = reviewflow(job, artifacts)
    until(lambda: temporary_folders(artifacts), "the first run makes something")
    second = reviewflow(job, artifacts)
    until(lambda: len(runs(artifacts)) == 2, "the second run starts")
    (server,) = servers(artifacts)
    kill(first)
    assert server.is_running()
    finished(second)
    assert sorted(record["state"] for record in runs(artifacts)) == ["completed", "crashed"]
    assert complete_steps(artifacts) == undisturbed.made
    assert temporary_folders(artifacts) == []
    until(lambda: not servers(artifacts), "the server ends")


@pytest.mark.parametrize("number", [2, 4])
def test_runs_at_once_share_the_work_and_one_server(
    number: int, job: Path, undisturbed: Undisturbed, artifacts: Path
) -> None:
    going = [reviewflow(job, artifacts) for _ in range(number)]
    until(lambda: len(runs(artifacts)) == number or going[0].poll() is not None, "all start")
    assert len(servers(artifacts)) == 1
    for command in going:
        finished(command)
    steps = [step for record in runs(artifacts) for step in ran(record)]
    assert sorted(steps) == sorted(undisturbed.made)
    assert complete_steps(artifacts) == undisturbed.made


@pytest.mark.parametrize("stage", ["normalize", "train", "report"])
def test_a_killed_command_is_resumed(
    stage: str, job: Path, undisturbed: Undisturbed, artifacts: Path
) -> None:
    first = reviewflow(job, artifacts)
    until(lambda: any(n.startswith(stage) for n in temporary_folders(artifacts)), f"{stage} starts")
    kill(first)
    until(lambda: not servers(artifacts), "the server ends")
    kept = complete_steps(artifacts)
    finished(reviewflow(job, artifacts))
    assert set(ran(runs(artifacts)[-1])) == undisturbed.made - kept
    assert complete_steps(artifacts) == undisturbed.made
    assert temporary_folders(artifacts) == []


@pytest.mark.parametrize("megabytes", [1, 6])
def test_a_disk_that_is_full_for_prefect_too_is_one_plain_sentence(
    megabytes: int, job: Path, tmp_path: Path
) -> None:
    """One that no server can start on, and one that fills up while the server is needed."""
    if not can_mount():
        pytest.skip("a small disk cannot be mounted here (that needs root)")
    disk = tmp_path / "disk"
    disk.mkdir()
    run = (
        f'"$@"; echo "exit code $?"; mount -o remount,size=64m "{disk}"; "$@"; echo "exit code $?"'
    )
    script = f'mount -t tmpfs -o size={megabytes}m tmpfs "{disk}"; {run}'
    before = ("unshare", "--mount", "sh", "-c", script, "sh")
    command = reviewflow(job, disk / "artifacts", before=before)
    output, _ = command.communicate(timeout=2 * WAIT_SECONDS)
    first, _, second = output.partition("exit code 1\n")
    assert "Traceback" not in output
    (error,) = [line for line in first.splitlines() if "Error: " in line]
    assert str(disk / "artifacts") in error
    assert error.endswith("free space or choose another with --artifacts.")
    assert second.splitlines()[-1] == "exit code 0"
    assert servers(disk / "artifacts") == []
