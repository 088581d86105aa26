"""How a task group appears in Prefect: its name, and its state's name and message."""

from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest

from reviewflow.config.sentiment import read_config
from reviewflow.errors import QualityError
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.runner import Listener, Run, TaskGroup
from tasks.stage import perform_group, task_run_name
from tests.conftest import Reviews, small_config, write_config, write_reviews
from tests.reviewflow.pipeline.small_job import (
    Numbered,
    last_run_of,
    perform_all,
    run_that_stops_in,
)


@pytest.fixture(scope="module")
def pool() -> Executor:
    return ThreadPoolExecutor(2)


def open_run(folder: Path, reviews: Reviews, pool: Executor) -> Run:
    """A run that has not begun."""
    path = write_reviews(folder / "reviews.csv", reviews)
    config = read_config(write_config(folder / "job.yaml", small_config(path)))
    planner = open_sentiment(config, folder / "artifacts", LastRun())
    return Run(planner, Listener(), pool)


def only_group(run: Run, name: str) -> TaskGroup:
    (group,) = run.task_groups(name)
    return group


def title(run: Run, name: str) -> str:
    return task_run_name({"run": run, "group": only_group(run, name)})


def test_a_task_is_named_after_stage_and_variant(
    tmp_path: Path, reviews: Reviews, pool: Executor
) -> None:
    run = open_run(tmp_path, reviews, pool)
    assert title(run, "validate reviews") == "validate reviews"
    assert title(run, "normalize") == "normalize"
    assert [task_run_name({"run": run, "group": group}) for group in run.task_groups("train")] == [
        "train[relu]",
        "train[tanh]",
    ]


def test_a_task_over_several_parts_says_how_many_will_run(
    tmp_path: Path, imdb: Reviews, pool: Executor
) -> None:
    run = open_run(tmp_path, imdb, pool)
    parts = len(run.index.parts)
    assert parts > 1
    assert title(run, "ingest") == f"ingest · {parts} of {parts} parts"
    assert title(run, "vectorize") == f"vectorize · {parts} of {parts} parts"
    perform_group(run, only_group(run, "ingest"))

    again = open_run(tmp_path, imdb, pool)
    assert title(again, "ingest") == f"ingest · 0 of {parts} parts"

    mended = open_run(tmp_path, [(imdb[0][0], "positive"), *imdb[1:]], pool)
    assert title(mended, "ingest") == f"ingest · 1 of {parts} parts"


def test_the_state_says_what_ran_and_why_or_what_was_found(
    tmp_path: Path, reviews: Reviews, pool: Executor
) -> None:
    run = open_run(tmp_path, reviews, pool)
    state = perform_group(run, only_group(run, "ingest"))
    assert (state.type.value, state.name) == ("COMPLETED", "Completed")
    assert state.message == "2 of 2 steps ran: first run"
    keys = [outcome.key or "" for outcome in run.outcomes]

    again = open_run(tmp_path, reviews, pool)
    state = perform_group(again, only_group(again, "ingest"))
    assert (state.type.value, state.name) == ("COMPLETED", "Cached")
    assert state.message == f"found whole: ingest/{keys[0][:8]}, split/{keys[1][:8]}"


def test_progress_reaches_the_listener_and_the_task(
    tmp_path: Path, reviews: Reviews, pool: Executor
) -> None:
    run = open_run(tmp_path, reviews, pool)
    reports: list[tuple[str, dict[str, float]]] = []
    perform_group(run, only_group(run, "ingest"))
    perform_group(run, only_group(run, "normalize"), lambda *report: reports.append(report))
    assert reports
    message, figures = reports[-1]
    assert message
    assert figures["done"] == figures["total"] > 0


def test_a_title_is_renewed_once_what_comes_before_came_out_the_same(
    tmp_path: Path, pool: Executor
) -> None:
    job = Numbered(tmp_path)
    before = last_run_of(perform_all(job))
    run = job.with_changes(code={"square": "2"}).run(pool, before)
    forecast = [title(run, name) for name in ("read", "square", "halve")]
    assert forecast == ["read · 0 of 3 parts", "square · 3 of 3 parts", "halve · 3 of 3 parts"]
    for name in ("read", "square"):
        perform_group(run, only_group(run, name))
    assert title(run, "halve") == "halve · 0 of 3 parts"
    assert perform_group(run, only_group(run, "halve")).name == "Cached"


def test_a_title_counts_the_parts_whose_input_came_out_otherwise(
    tmp_path: Path, pool: Executor
) -> None:
    job = Numbered(tmp_path, parts=((0, 1), (1, 0), (3,)))
    before = last_run_of(perform_all(job))
    parts = ((0, 1), (1, 2), (3,))  # of these the squares differ in one part
    run = job.with_changes(parts=parts, code={"square": "2"}).run(pool, before)
    assert title(run, "halve") == "halve · 3 of 3 parts"
    for name in ("read", "square"):
        perform_group(run, only_group(run, name))
    assert title(run, "halve") == "halve · 1 of 3 parts"


@pytest.mark.parametrize("name", ["square", "total"])
def test_a_stage_that_begins_as_the_run_is_stopped_is_cancelled(name: str, tmp_path: Path) -> None:
    """Both for many parts and for a single step that uses the pool for its pieces."""
    run = run_that_stops_in(name, Numbered(tmp_path))
    state = perform_group(run, only_group(run, name))
    assert state.is_cancelled()
    assert state.message == "The run was stopped before this step was done; run it again to go on."


def test_a_stage_that_fails_has_a_state_that_says_so(
    tmp_path: Path, pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, error = Numbered(tmp_path).run(pool), QualityError("Too few rows:\n\na table")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(run, "perform", fail)
    state = perform_group(run, only_group(run, "read"))
    assert (state.is_failed(), state.message) == (True, "Too few rows.")
    assert state.data is error


def test_an_unexpected_error_of_a_stage_is_logged_and_names_it(
    tmp_path: Path, pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, error, logged = Numbered(tmp_path).run(pool), ValueError("9 is odd"), []

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(run, "perform", fail)
    monkeypatch.setattr("tasks.stage.log_failure", logged.append)
    state = perform_group(run, only_group(run, "read"))
    assert str(state.message).startswith("read failed unexpectedly (ValueError: 9 is odd); ")
    assert state.data is error
    assert logged == [error]
