"""A run: what it records while threads work, and how it ends when it is stopped."""

import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from reviewflow.errors import Cancelled, QualityError, ReviewflowError, StoreError
from reviewflow.pipeline import perform, runner
from reviewflow.pipeline.reasons import reason_text
from reviewflow.pipeline.runner import Listener, Run, TaskGroup
from reviewflow.processors import processor_features
from tests.reviewflow.pipeline import small_job
from tests.reviewflow.pipeline.small_job import (
    Numbered,
    Settings,
    by_label,
    groups_of,
    last_run_of,
    perform_all,
    ran,
    run_that_stops_in,
)

MANY_PARTS = tuple((number, number + 1) for number in range(60))
MANY_VARIANTS = {f"v{number}": Settings(rate=number) for number in range(150)}


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def group(run: Run, title: str) -> TaskGroup:
    """The only task group of a title."""
    return next(each for each in groups_of(run) if each.title == title)


def test_a_run_records_what_became_of_every_step(tmp_path: Path) -> None:
    job = Numbered(tmp_path)
    first = perform_all(job)
    assert {o.state for o in first.outcomes} == {"ran"}
    assert {reason_text(o.reasons) for o in first.outcomes} == {"first run"}
    second = perform_all(job, last_run_of(first))
    assert {(o.state, o.reason) for o in second.outcomes} == {("cached", "")}
    assert second.keys == first.keys
    assert [o.stage for o in first.all_outcomes()] == [
        *["read"] * 3,
        *["square"] * 3,
        *["halve"] * 3,
        *["total", "fit", "fit", "page"],
    ]


@pytest.mark.parametrize("title", ["square", "total"])
def test_a_stop_while_a_stage_begins_ends_as_cancelled(title: str, tmp_path: Path) -> None:
    """Parts go to a pool that is shut down, and so do the pieces of a single step."""
    run = run_that_stops_in(title, Numbered(tmp_path))
    with pytest.raises(Cancelled):
        run.perform(group(run, title))
    assert {o.state for o in run.all_outcomes() if o.stage in (title, "page")} == {"skipped"}


def test_parts_that_a_stop_finds_done_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Numbered(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        run = job.run(pool)
        run.perform(group(run, "read"))
        square, done = small_job.square, []

        def stop_after_the_second(**arguments: Any) -> dict[str, int]:
            done.append(arguments["numbers"])
            if len(done) == 2:
                run.stop.set()
            return square(**arguments)

        monkeypatch.setattr(small_job, "square", stop_after_the_second)
        with pytest.raises(Cancelled):
            run.perform(group(run, "square"))
    monkeypatch.undo()
    assert len(done) == 2
    again = perform_all(job, last_run_of(run))
    states = [o.state for (label, _), (_, o) in by_label(again).items() if label == "square"]
    assert states == ["cached", "cached", "ran"]


def test_an_error_of_a_stage_is_no_stop(
    tmp_path: Path, pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**arguments: Any) -> dict[str, int]:
        raise RuntimeError("the stage's own")

    monkeypatch.setattr(small_job, "square", fail)
    run = Numbered(tmp_path).run(pool)
    run.perform(group(run, "read"))
    square = group(run, "square")
    assert run.cause_of(square.nodes[0]) is None
    with pytest.raises(RuntimeError, match="the stage's own"):
        run.perform(square)
    assert run.cause_of(square.nodes[0]) == "the stage's own"
    assert {o.state for o in run.all_outcomes() if o.stage == "square"} == {"failed"}
    assert run.skip_after_failure(square) == []
    for each in groups_of(run):  # in the order of the stages
        skipped = run.skip_after_failure(each)
        assert set(skipped) <= run.sources(each)
        assert bool(skipped) == (each.title not in ("read", "square")), each.title


def test_a_stage_that_runs_out_of_memory_is_named(
    tmp_path: Path, pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**arguments: Any) -> dict[str, int]:
        raise MemoryError

    monkeypatch.setattr(small_job, "square", fail)
    run = Numbered(tmp_path).run(pool)
    run.perform(group(run, "read"))
    square = group(run, "square")
    with pytest.raises(ReviewflowError, match=r"not enough memory for square\. Make"):
        run.perform(square)
    assert str(run.cause_of(square.nodes[0])).startswith("There is not enough memory for square")


def hammer(read: Callable[[], None], busy: Callable[[], None]) -> None:
    """Read again and again while another thread is busy, with a switch at every turn."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            busy()
        except BaseException as error:
            failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread = Thread(target=work)
        thread.start()
        while thread.is_alive():
            read()
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    read()
    assert failures == []


def test_outcomes_and_keys_may_be_read_while_steps_end(tmp_path: Path, pool: Executor) -> None:
    run = Numbered(tmp_path, parts=MANY_PARTS, variants=MANY_VARIANTS).run(pool)
    steps = [step for node in run.planner.nodes for step in node.steps]
    seen: set[int] = set()

    def read() -> None:
        outcomes = run.all_outcomes()
        places = [(o.stage, o.part, o.variant) for o in outcomes]
        assert len(places) == len(set(places)) == len(steps)
        reached = [o for o in outcomes if o.key is not None]
        recorded = {key for _, keys in run.keys.values() for key in keys}
        assert {o.key for o in reached} <= recorded
        seen.add(len(reached))

    def perform() -> None:
        for each in groups_of(run):
            run.perform(each)

    hammer(read, perform)
    assert len(seen) > 20, "steps ended while the outcomes were read"
    assert max(seen) == len(steps)


def test_a_gate_stops_the_run_with_its_reason(
    tmp_path: Path, pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Numbered(tmp_path).run(pool)
    (node,) = group(run, "total").nodes
    node.stage = replace(node.stage, gate=f"{__name__}.too_much")
    for name in ("read", "square", "halve"):
        run.perform(group(run, name))
    with pytest.raises(QualityError, match="more than a hundred"):
        run.perform(group(run, "total"))
    assert [o.state for o in run.all_outcomes() if o.stage == "total"] == ["failed"]
    assert ran(run) == {"read", "square", "halve", "total"}


def test_gates_that_stopped_a_run_are_heard_together(tmp_path: Path, pool: Executor) -> None:
    run = Numbered(tmp_path).run(pool)
    gated = [node for name in ("read", "square") for node in group(run, name).nodes]
    run.raise_if_stopped()
    for node in gated:
        node.stage = replace(node.stage, gate=f"{__name__}.too_much")
        with pytest.raises(QualityError, match=f"^{node.title}: more than a hundred"):
            run.perform(group(run, node.stage.name))
    with pytest.raises(QualityError, match=r"^read, square: more than a hundred"):
        run.raise_if_stopped()


def too_much(folders: Mapping[str, Path], files: Mapping[str, Mapping[str, Path]]) -> str | None:
    """A gate that nothing passes."""
    assert folders.keys() == files.keys()
    assert all(folder.is_dir() for folder in folders.values())
    return f"{', '.join(folders)}: more than a hundred"


def test_a_recheck_says_that_another_processor_made_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(perform, "processor_features", lambda: (*processor_features(), "sse9"))
        perform_all(Numbered(tmp_path))
    monkeypatch.setattr(runner, "recomputed_files", lambda *arguments: ["numbers.json"])
    with ThreadPoolExecutor(2) as pool:
        run = Run(Numbered(tmp_path).planner(), Listener(), pool, recheck=True)
        for group in groups_of(run):
            run.perform(group)
    with pytest.raises(StoreError, match=r"numbers\.json; made on another processor: sse9\)"):
        run.raise_if_nondeterministic()
