"""Dask does the job to the same bytes, on a cluster of its own or on one that stands.

Every cluster listens on 127.0.0.1 only. Workers that stand are real processes, which are killed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import pytest

from reviewflow.context import Context
from reviewflow.errors import Cancelled, WorkerError
from reviewflow.pipeline import dask_executor
from reviewflow.pipeline.dask_executor import DaskExecutor
from reviewflow.pipeline.runner import Run
from reviewflow.store.artifacts import MANIFEST
from reviewflow.store.verify import verify_store
from tests.conftest import ROOT, Reviews
from tests.faults.conftest import WAIT_SECONDS
from tests.faults.test_command import kill, reviewflow, runs
from tests.reviewflow.pipeline.spread_job import digests_in, requests_of, run_on, write_job
from tests.reviewflow.reviews.s3_server import BUCKET

NO_DASHBOARD = ("--dashboard-address", "127.0.0.1:0")
TANH = {"train.activation": "tanh"}
LINEAR = {"train.hidden": []}
# A worker that starts with it fills its memory in the second part.
HUNGRY = """
from time import sleep

from reviewflow.pipeline import perform

def dask_setup(worker):
    make = perform._make

    def hungry(step, *others):
        if step.stage == "normalize" and step.part == 1:
            held = []
            while True:
                held.append(bytearray(b"x" * 10_000_000))
                sleep(0.01)
        return make(step, *others)

    perform._make = hungry
"""


class Standing:
    """A scheduler and its workers, each a process group of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, list[subprocess.Popen[bytes]]()
        file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--scheduler-file", str(file), "--port", "0")
        wait_for(file.exists)
        self.file = file
        self.address = address_in(file)

    def add_worker(self, *options: str, folder: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a worker in a folder with a nanny, which starts it again when it dies."""
        return self._start("worker", self.address, "--nthreads", "1", *options, folder=folder)

    def end(self) -> None:
        """Kill everything that was started."""
        for process in self.processes:
            if process.poll() is None:
                for each in psutil.Process(process.pid).children(recursive=True):
                    each.kill()
                process.kill()
            process.wait()

    def _start(
        self, what: str, *options: str, folder: Path | None = None
    ) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{what} {len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", what, *options, "--host", "127.0.0.1", *NO_DASHBOARD],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=folder or self.folder,
        )
        self.processes.append(process)
        return process


def wait_for(is_there: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not is_there():
        assert time.monotonic() < end, is_there
        time.sleep(0.01)


def address_in(file: Path) -> str:
    """Return the address that a scheduler has written into its file."""

    def address() -> str:
        try:
            return str(json.loads(file.read_text("utf-8"))["address"])
        except ValueError:  # half written
            return ""

    wait_for(lambda: bool(address()))
    return address()


@contextmanager
def while_making(store: Path, stage: str, act: Callable[[], None], ended: Event) -> Iterator[None]:
    """Call a function once a step of a stage is being made."""

    def watch() -> None:
        while not ended.is_set() and not list(store.glob(f".making/{stage}-*")):
            time.sleep(0.005)
        if not ended.is_set():
            act()

    thread = Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[Standing]:
    """A scheduler without workers."""
    cluster = Standing(tmp_path)
    try:
        yield cluster
    finally:
        cluster.end()


@pytest.fixture(scope="module")
def on_threads(imdb: Reviews, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The configuration of a job on six parts, and the artifacts that threads made."""
    folder = tmp_path_factory.mktemp("threads")
    config = write_job(
        folder, imdb[:3000], 6, variants={"relu": {}, "tanh": TANH, "linear": LINEAR}
    )
    run_on(None, config, folder / "artifacts")
    return config, folder / "artifacts"


def workers_of(process_id: int) -> list[psutil.Process]:
    """Return the worker processes that a process has started."""
    found = []
    for each in psutil.Process(process_id).children():
        with suppress(psutil.Error):
            words = " ".join(each.cmdline())
            found += [each] * ("spawn_main" in words or "worker_process" in words)
    return found


def assert_whole(artifacts: Path) -> None:
    result = verify_store(artifacts / "store", False, lambda done, total: None)
    assert not result.corruptions


def test_a_cluster_of_its_own_ends_with_the_run(ingested: Run) -> None:
    executor = DaskExecutor(None, 1)
    requests = requests_of(ingested, "split", force=True)
    try:
        performed = list(executor.perform_all(requests, ingested.planner.store, Context()))
    finally:
        executor.close()
    assert [p.artifact.manifest["key"] for p in performed] == [r.step.key for r in requests]
    assert all(each.ran for each in performed)
    wait_for(lambda: not workers_of(os.getpid()), 5)


def test_no_scheduler_is_one_sentence(ingested: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_executor, "CONNECT_SECONDS", 0.2)
    executor = DaskExecutor("tcp://127.0.0.1:9", 2)
    requests = requests_of(ingested, "split", force=True)
    with pytest.raises(WorkerError, match=r"^There is no Dask scheduler at tcp://127.0.0.1:9"):
        list(executor.perform_all(requests, ingested.planner.store, Context()))
    executor.close()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_dask_makes_the_same_bytes(
    workers: int, on_threads: tuple[Path, Path], tmp_path: Path
) -> None:
    config, artifacts = on_threads
    run_on(DaskExecutor(None, workers), config, tmp_path)
    assert digests_in(tmp_path) == digests_in(artifacts)
    again = run_on(None, config, tmp_path)
    assert {outcome.state for outcome in again.outcomes} == {"cached"}


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["normalize", "features", "train"])
def test_killed_workers_are_replaced(
    stage: str, on_threads: tuple[Path, Path], tmp_path: Path, standing: Standing
) -> None:
    config, artifacts = on_threads
    nannies = [standing.add_worker(), standing.add_worker()]
    killed: list[int] = []

    def kill() -> None:
        for nanny in nannies:
            for worker in workers_of(nanny.pid):
                worker.kill()
                killed.append(worker.pid)

    with while_making(tmp_path / "made" / "store", stage, kill, Event()):
        run_on(DaskExecutor(standing.address, 0), config, tmp_path / "made")
    assert len(killed) == 2
    assert digests_in(tmp_path / "made") == digests_in(artifacts)
    assert_whole(tmp_path / "made")


@pytest.mark.slow
def test_a_killed_scheduler_is_one_sentence(
    on_threads: tuple[Path, Path], tmp_path: Path, standing: Standing
) -> None:
    config, artifacts = on_threads
    standing.add_worker()
    kill = standing.scheduler.kill
    with (
        while_making(tmp_path / "made" / "store", "normalize", kill, Event()),
        pytest.raises(WorkerError, match=r"^The Dask scheduler tcp://.* was lost while normalize"),
    ):
        run_on(DaskExecutor(standing.address, 0), config, tmp_path / "made")
    assert_whole(tmp_path / "made")
    run_on(None, config, tmp_path / "made")
    assert digests_in(tmp_path / "made") == digests_in(artifacts)


@pytest.mark.slow
def test_a_worker_may_come_late(
    on_threads: tuple[Path, Path], tmp_path: Path, standing: Standing
) -> None:
    config, artifacts = on_threads
    executor = DaskExecutor(standing.address, 0)
    late = Thread(target=lambda: (time.sleep(3), standing.add_worker()))
    late.start()
    run_on(executor, config, tmp_path / "made")
    late.join()
    assert digests_in(tmp_path / "made") == digests_in(artifacts)


@pytest.mark.slow
def test_a_part_that_is_too_large_for_workers_fails_by_its_name(
    on_threads: tuple[Path, Path], tmp_path: Path, standing: Standing
) -> None:
    config, artifacts = on_threads
    (tmp_path / "hungry.py").write_text(HUNGRY, encoding="utf-8")
    for _ in range(2):
        standing.add_worker("--memory-limit", "1GB", "--preload", str(tmp_path / "hungry.py"))
    command = reviewflow(config, tmp_path / "made", "--executor", standing.address)
    output, _ = command.communicate(timeout=WAIT_SECONDS)
    assert command.returncode == 1, output
    sentence = "The Dask worker that performed normalize, part 2 ended"
    assert f"Error: {sentence}" in output
    (record,) = runs(tmp_path / "made")
    assert record["state"] == "failed"
    assert record["error"].startswith(sentence)
    assert_whole(tmp_path / "made")
    assert len(list((tmp_path / "made" / "store").glob("normalize/*"))) == 5
    run_on(None, config, tmp_path / "made")
    assert digests_in(tmp_path / "made") == digests_in(artifacts)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_workers_end_with_a_run_that_is_killed(
    kind: str, on_threads: tuple[Path, Path], tmp_path: Path
) -> None:
    command = reviewflow(on_threads[0], tmp_path, "--executor", kind)
    try:
        wait_for(lambda: bool(list(tmp_path.glob("store/.making/*"))), WAIT_SECONDS)
        workers = workers_of(command.pid)
    finally:
        kill(command)
    assert workers
    gone, alive = psutil.wait_procs(workers, timeout=10)
    assert len(gone) == len(workers)
    assert not alive
    assert_whole(tmp_path)


@pytest.mark.slow
def test_a_stop_ends_a_cluster_soon(ingested: Run) -> None:
    executor, context = DaskExecutor(None, 2), Context()
    store = ingested.planner.store
    requests = requests_of(ingested, "normalize", force=True)
    with (
        while_making(store.folder, "normalize", context.stop.set, Event()),
        pytest.raises(Cancelled),
    ):
        list(executor.perform_all(requests, store, context))
    started = time.monotonic()
    executor.close()
    assert time.monotonic() - started < 4
    wait_for(lambda: not workers_of(os.getpid()), 5)


@pytest.mark.slow
@pytest.mark.parametrize("stage", [None, "features"])
def test_workers_that_share_object_storage_only_make_the_same_bytes(
    stage: str | None,
    on_threads: tuple[Path, Path],
    tmp_path: Path,
    standing: Standing,
    bucket: Any,
) -> None:
    """The workers' folders differ, and with a stage they are killed while they make it."""
    config, artifacts = on_threads
    url, nannies = f"s3://{BUCKET}/store", list[subprocess.Popen[bytes]]()
    for number in range(2):
        (tmp_path / f"machine {number}").mkdir()
        nannies.append(standing.add_worker(folder=tmp_path / f"machine {number}"))

    def kill() -> None:
        for nanny in nannies:
            for worker in workers_of(nanny.pid):
                worker.kill()

    watched = tmp_path / "machine 0" / "artifacts" / "store"
    with while_making(watched, stage, kill, Event()) if stage else nullcontext():
        run_on(DaskExecutor(standing.address, 0), config, tmp_path / "run", url)
    assert digests_in(tmp_path / "run") == digests_in(artifacts)
    made = [list((tmp_path / f"machine {n}").rglob(MANIFEST)) for n in range(2)]
    assert all(made)
    again = run_on(None, config, tmp_path / "elsewhere", url)
    assert {outcome.state for outcome in again.outcomes} == {"cached"}
    assert digests_in(tmp_path / "elsewhere") == digests_in(artifacts)
