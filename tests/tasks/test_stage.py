"""How a piece of group appears in Prefect: its name, and its state's name and message."""

from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest

from reviewflow.config.sentiment import read_config
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.runner import Listener, Run, TaskGroup
from tasks.stage import perform_group, task_run_name
from tests.conftest import Reviews, small_config, write_config, write_reviews

NOTHING_BEFORE = LastRun({}, {})


@pytest.fixture(scope="module")
def pool() -> Executor:
    return ThreadPoolExecutor(2)


def opened(folder: Path, reviews: Reviews, pool: Executor) -> Run:
    """A run that has not begun."""
    path = write_reviews(folder / "reviews.csv", reviews)
    config = read_config(write_config(folder / "job.yaml", small_config(path)))
    planner = open_sentiment(config, folder / "artifacts", NOTHING_BEFORE)
    return Run(planner, Listener(), pool)


def only_work(run: Run, group: str) -> TaskGroup:
    (group,) = run.task_groups(group)
    return group


def name(run: Run, group: str) -> str:
    return task_run_name({"run": run, "group": only_work(run, group)})


def test_work_is_named_after_stage_and_variant(
    tmp_path: Path, reviews: Reviews, pool: Executor
) -> None:
    run = opened(tmp_path, reviews, pool)
    assert name(run, "validate reviews") == "validate reviews"
    assert name(run, "normalize") == "normalize"
    assert [task_run_name({"run": run, "group": group}) for group in run.task_groups("train")] == [
        "train[relu]",
        "train[tanh]",
    ]


def test_work_over_several_parts_says_how_many_will_run(
    tmp_path: Path, imdb: Reviews, pool: Executor
) -> None:
    run = opened(tmp_path, imdb, pool)
    parts = len(run.index.parts)
    assert parts > 1
    assert name(run, "ingest") == f"ingest · {parts} of {parts} parts"
    assert name(run, "vectorize") == f"vectorize · {parts} of {parts} parts"
    perform_group(run, only_work(run, "ingest"))

    again = opened(tmp_path, imdb, pool)
    assert name(again, "ingest") == f"ingest · 0 of {parts} parts"

    mended = opened(tmp_path, [(imdb[0][0], "positive"), *imdb[1:]], pool)
    assert name(mended, "ingest") == f"ingest · 1 of {parts} parts"


def test_the_state_tells_what_ran_and_why_or_what_was_found(
    tmp_path: Path, reviews: Reviews, pool: Executor
) -> None:
    run = opened(tmp_path, reviews, pool)
    state = perform_group(run, only_work(run, "ingest"))
    assert (state.type.value, state.name) == ("COMPLETED", "Completed")
    assert state.message == "2 of 2 steps ran: first run"
    keys = [outcome.key or "" for outcome in run.outcomes]

    again = opened(tmp_path, reviews, pool)
    state = perform_group(again, only_work(again, "ingest"))
    assert (state.type.value, state.name) == ("COMPLETED", "Cached")
    assert state.message == f"found whole: ingest/{keys[0][:8]}, split/{keys[1][:8]}"


def test_progress_reaches_the_listener_and_the_task(
    tmp_path: Path, reviews: Reviews, pool: Executor
) -> None:
    run = opened(tmp_path, reviews, pool)
    told: list[tuple[str, dict[str, float]]] = []
    perform_group(run, only_work(run, "ingest"))
    perform_group(run, only_work(run, "normalize"), lambda *what: told.append(what))
    assert told
    message, figures = told[-1]
    assert message
    assert figures["done"] == figures["total"] > 0
