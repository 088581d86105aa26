"""Worker processes do the job to the same bytes, and end with the run whatever happens."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from reviewflow.context import Context
from reviewflow.errors import Cancelled, WorkerError
from reviewflow.pipeline.process_executor import ProcessExecutor
from reviewflow.pipeline.runner import Run
from tests.conftest import Reviews
from tests.reviewflow.pipeline.spread_job import digests_in, requests_of, run_on, write_job

pytestmark = pytest.mark.slow


def test_processes_make_the_same_bytes(reviews: Reviews, tmp_path: Path) -> None:
    config = write_job(tmp_path, reviews, 3)
    run_on(None, config, tmp_path / "threads")
    executor = ProcessExecutor(2)
    run_on(executor, config, tmp_path / "processes")
    assert digests_in(tmp_path / "processes") == digests_in(tmp_path / "threads")
    assert [worker.process.poll() for worker in executor.workers if worker.process] == [0, 0]
    (tmp_path / "threads").rename(tmp_path / "moved")
    again = run_on(unstartable(), config, tmp_path / "moved")
    assert {outcome.state for outcome in again.outcomes} == {"cached"}


def unstartable() -> ProcessExecutor:
    """Return an executor that fails if it is given a step."""
    executor = ProcessExecutor(1)
    executor.submit = None  # type: ignore[assignment, method-assign]
    return executor


def when_a_worker_runs(executor: ProcessExecutor, act: Callable[[int], None]) -> Thread:
    """Call a function with the process id of the first worker, once it performs a step."""

    def watch() -> None:
        while not (process := executor.workers[-1].process):
            time.sleep(0.01)
        time.sleep(0.5)
        act(process.pid)

    thread = Thread(target=watch)
    thread.start()
    return thread


def test_a_killed_worker_is_replaced(ingested: Run) -> None:
    executor = ProcessExecutor(2)
    requests = requests_of(ingested, "normalize", force=True)
    thread = when_a_worker_runs(executor, lambda pid: os.kill(pid, signal.SIGKILL))
    performed = list(executor.perform_all(requests, ingested.planner.store, Context()))
    thread.join()
    executor.close()
    assert [p.artifact.manifest["key"] for p in performed] == [r.step.key for r in requests]


def test_a_step_that_ends_each_worker_fails_by_its_name(ingested: Run) -> None:
    executor, ended = ProcessExecutor(1), Event()

    def kill_all() -> None:
        while not ended.wait(0.05):
            process = executor.workers[0].process
            if process and process.poll() is None:
                process.kill()

    thread = Thread(target=kill_all)
    thread.start()
    requests = requests_of(ingested, "normalize", force=True)
    with pytest.raises(WorkerError, match=r"performed normalize, part 1 was killed \(SIGKILL"):
        list(executor.perform_all(requests, ingested.planner.store, Context()))
    ended.set()
    thread.join()
    executor.close()


def test_a_stop_ends_the_workers_within_two_seconds(ingested: Run) -> None:
    executor, context = ProcessExecutor(2), Context()
    requests = requests_of(ingested, "normalize", force=True)
    thread = when_a_worker_runs(executor, lambda pid: context.stop.set())
    with pytest.raises(Cancelled):
        list(executor.perform_all(requests, ingested.planner.store, context))
    started = time.monotonic()
    executor.close()
    assert time.monotonic() - started < 2.5
    thread.join()
    for worker in executor.workers:
        assert worker.process is None or worker.process.poll() is not None
