"""Executors are chosen in one place, and a pool of processes is one more class."""

import ast
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from reviewflow.context import Context
from reviewflow.errors import Cancelled, ConfigError
from reviewflow.pipeline import executors, runner
from reviewflow.pipeline.executors import (
    Request,
    StepExecutor,
    ThreadExecutor,
    check_executor,
    make_executor,
)
from reviewflow.pipeline.perform import Performed, perform_step
from reviewflow.pipeline.runner import Listener, Run
from reviewflow.store.artifacts import Store
from tests.conftest import ROOT
from tests.reviewflow.pipeline.small_job import Numbered, by_label, files_of, groups_of, perform_all


def perform_here(request: Request, store: Path) -> tuple[Performed, int]:
    """Perform a request in the process that got it, and return that process's id."""
    performed = perform_step(request.step, Store(store), Context(), request.force)
    return performed, os.getpid()


class ProcessExecutor(StepExecutor):
    """Performs steps in processes that share nothing with this one but the store."""

    def __init__(self, processes: Executor) -> None:
        self.processes = processes
        self.process_ids: list[int] = []

    def perform_all(
        self, requests: Sequence[Request], store: Store, context: Context
    ) -> Iterator[Performed]:
        """Yield what became of each step, in the order of the requests."""
        context.check_stop()
        stores = [store.folder] * len(requests)
        for performed, process_id in self.processes.map(perform_here, requests, stores):
            self.process_ids.append(process_id)
            yield performed


def test_a_pool_of_processes_does_the_whole_job_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_threads = perform_all(Numbered(tmp_path / "threads"))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        chosen = ProcessExecutor(processes)
        monkeypatch.setattr(runner, "make_executor", lambda pool: chosen)
        with_processes = perform_all(Numbered(tmp_path / "processes"))
    assert os.getpid() not in chosen.process_ids
    in_this_process = sum(node.stage.reads_source for node in with_processes.planner.nodes) * 3
    assert len(chosen.process_ids) == len(with_processes.outcomes) - in_this_process
    assert files_of(with_processes) == files_of(with_threads)
    assert with_processes.keys == with_threads.keys
    assert {o.state for _, o in by_label(with_processes).values()} == {"ran"}


def test_a_run_takes_what_make_executor_gives(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        run = Run(Numbered(tmp_path).planner(), Listener(), pool)
        assert isinstance(run.executor, ThreadExecutor)
        assert type(run.executor) is type(make_executor(pool))


def test_nothing_else_chooses_an_executor() -> None:
    kinds = {
        each.__name__
        for each in StepExecutor.__subclasses__()
        if each.__module__ == executors.__name__
    }
    assert kinds == {"ThreadExecutor"}
    for folder in ("reviewflow", "flows", "tasks"):
        for path in (ROOT / folder).rglob("*.py"):
            if path == Path(executors.__file__):
                continue
            names = {
                n.id for n in ast.walk(ast.parse(path.read_bytes())) if isinstance(n, ast.Name)
            }
            assert not kinds & names, path


@pytest.mark.parametrize(
    "kind", ["thread", "", "http://host:8786", "tcp://", "tcp://host", "tcp://ann:s3cr3t@host:8786"]
)
def test_an_unknown_executor_is_refused(kind: str) -> None:
    with pytest.raises(ConfigError, match="threads, processes") as refused:
        check_executor(kind)
    assert "s3cr3t" not in str(refused.value)
    with ThreadPoolExecutor(1) as pool, pytest.raises(ConfigError):
        make_executor(pool, kind)


def test_no_step_begins_after_a_stop(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        run = Numbered(tmp_path).run(pool)
        read, square, *_ = groups_of(run)
        run.perform(read)
        requests = [Request(run.planner.resolve(step), False) for step in square.nodes[0].steps]
        context = Context(stop=run.stop, executor=pool)
        run.stop.set()
        pool.shutdown()  # as a stopped run does
        for some in (requests, requests[:1]):
            with pytest.raises(Cancelled):
                list(run.executor.perform_all(some, run.planner.store, context))
    assert not list((tmp_path / "store" / "square").glob("*"))


def test_the_order_of_the_requests_is_kept(tmp_path: Path) -> None:
    parts = tuple((number,) for number in range(20))
    with ThreadPoolExecutor(4) as pool:
        run = Numbered(tmp_path, parts=parts).run(pool)
        read, square, *_ = groups_of(run)
        run.perform(read)
        requests = [Request(run.planner.resolve(step), False) for step in square.nodes[0].steps]
        store = run.planner.store
        performed = list(run.executor.perform_all(requests, store, Context(executor=pool)))
    assert [p.artifact.manifest["key"] for p in performed] == [r.step.key for r in requests]
