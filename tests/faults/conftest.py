"""A small job on real reviews, processes that do it, and what an undisturbed run of it gives."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest

from reviewflow.store.artifacts import Artifact, Store
from tests.conftest import Reviews, small_config, write_config, write_reviews

DRIVER = Path(__file__).parent / "driver.py"
ROWS = 400
WAIT_SECONDS = 120
Steps = set[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """What a run that was not killed wrote of itself."""

    error: str | None
    exit_code: int
    outcomes: list[dict[str, Any]]
    files: Mapping[str, Mapping[str, str]]

    @property
    def ran(self) -> Steps:
        """Stage and key of each step that was computed."""
        return {(o["stage"], o["key"]) for o in self.outcomes if o["state"] == "ran"}

    @property
    def reasons(self) -> dict[str, str]:
        """Why they were, by stage."""
        return {o["stage"]: o["reason"] for o in self.outcomes if o["state"] == "ran"}


class StartedRun:
    """A run that has been started."""

    def __init__(self, pid: int, answer: Path, artifacts: Path) -> None:
        self.pid, self.path, self.artifacts = pid, answer, artifacts
        self.process = psutil.Process(pid) if psutil.pid_exists(pid) else None

    @property
    def alive(self) -> bool:
        """Whether it still goes on."""
        return self.process is not None and self.process.is_running()

    def kill(self) -> None:
        """``kill -9``; returns when it is dead."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(WAIT_SECONDS)

    def answer(self) -> Answer:
        """Wait for its end."""
        if self.process is not None:
            self.process.wait(WAIT_SECONDS)
        return Answer(**json.loads(self.path.read_text(encoding="utf-8")))


class Driver:
    """A process that has imported everything and forks a run for each job.

    Parameters
    ----------
    disk : where a small disk is mounted that no other process sees and that is gone with this one.
        None for no disk.
    environment : set in addition to this process's own.
    """

    def __init__(
        self, folder: Path, disk: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder, self.disk, self.numbers = folder, disk, count()
        command = [sys.executable, str(DRIVER)]
        if disk is not None:
            mounted = f"mount -t tmpfs -o size=16m tmpfs '{disk}' && exec \"$@\""
            command = ["unshare", "--mount", "sh", "-c", mounted, "sh", *command]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
            preexec_fn=_end_with_parent,
            start_new_session=True,
        )

    def start(self, config: Path, artifacts: Path, **options: Any) -> StartedRun:
        """Start a run in a process of its own."""
        assert self.process.stdin is not None
        answer = self.folder / f"answer-{next(self.numbers)}.json"
        job = {
            "config": str(config),
            "artifacts": str(artifacts),
            "answer": str(answer),
            "folder": str(self.folder),
        }
        self.process.stdin.write(json.dumps(job | options) + "\n")
        self.process.stdin.flush()
        return StartedRun(int(self.read_line()), answer, artifacts)

    def run(self, config: Path, artifacts: Path, **options: Any) -> Answer:
        """Start a run and wait for its end."""
        return self.start(config, artifacts, **options).answer()

    def read_line(self) -> str:
        """Return the next line that the driver prints."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the driver ended"
        return line

    def end(self) -> None:
        """End it and whatever it has started."""
        for process in [*psutil.Process(self.process.pid).children(recursive=True), self.process]:
            process.kill()
        self.process.communicate()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: not even a killed test leaves it


def can_mount() -> bool:
    """Whether a process may mount a disk that it alone sees."""
    tried = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    try:
        return subprocess.run(tried, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """The driver of the session."""
    folder = tmp_path_factory.mktemp("driver")
    (folder / "disk").mkdir()
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    driver = Driver(folder, folder / "disk" if can_mount() else None, one_thread)
    try:
        assert driver.read_line() == "ready\n"
        yield driver
    finally:
        driver.end()


@pytest.fixture(scope="session")
def job(reviews: Reviews, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of the small job."""
    folder = tmp_path_factory.mktemp("faulty")
    path = write_reviews(folder / "reviews.csv", reviews[:ROWS])
    return write_config(folder / "small.yaml", small_config(path))


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing happened to."""

    artifacts: Path
    answer: Answer
    seconds: float

    @property
    def made(self) -> Steps:
        """Stage and key of everything in its store."""
        return complete_steps(self.artifacts)

    def copy(self, folder: Path) -> Path:
        """Its artifacts once more, with their times, to be damaged."""
        shutil.copytree(self.artifacts, folder / "artifacts", symlinks=True)
        return folder / "artifacts"


@pytest.fixture(scope="session")
def undisturbed(driver: Driver, job: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The job done once, in one thread."""
    artifacts = tmp_path_factory.mktemp("undisturbed") / "artifacts"
    started = time.monotonic()
    answer = driver.run(job, artifacts, threads=1)
    assert answer.error is None
    assert answer.ran == complete_steps(artifacts)
    return Undisturbed(artifacts, answer, time.monotonic() - started)


def complete_steps(artifacts: Path) -> Steps:
    """Return stage and key of every artifact. Each is hashed and must be whole."""
    made: Steps = set()
    store = Store(artifacts / "store", verify=True)
    for folder in store.folder.glob("*/*"):
        if not folder.parent.name.startswith("."):
            found = store.find(folder.parent.name, folder.name)
            assert isinstance(found, Artifact), found
            made.add((folder.parent.name, folder.name))
    return made


def temporary_folders(artifacts: Path) -> list[str]:
    """Return the names of the folders that are being filled."""
    making = artifacts / "store" / ".making"
    return sorted(path.name for path in making.iterdir()) if making.exists() else []


def all_ran(answers: list[Answer]) -> Counter[tuple[str, str]]:
    """Return how often each step was computed, over several runs."""
    return Counter(step for answer in answers for step in answer.ran)
