"""Runs that a person cancels: in the middle of a stage, and before they have begun."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling

from flows.prefect_server.reaper import Reaper
from tests.conftest import Reviews, write_reviews
from tests.flows.conftest import LONG, WAIT_SECONDS, Project, project_in, serving, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, reviews: Reviews) -> Iterator[Project]:
    """``reviewflow ui`` in which Prefect itself would leave a run cancelling for an hour."""
    project = project_in(tmp_path_factory.mktemp("cancelling"), reviews)
    timeout = "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_CANCELLING_TIMEOUT_SECONDS"
    with serving(project, **{timeout: "3600", "PREFECT_WORKER_QUERY_SECONDS": "0.5"}):
        yield project


def cancel(project: Project, identity: UUID) -> None:
    """Ask for the end of a run as the UI does."""
    with project.client() as client:
        client.set_flow_run_state(identity, Cancelling())


def state_name(project: Project, identity: UUID) -> str:
    state = project.flow_run(identity).state
    return (state and state.name) or ""


def history(project: Project, identity: UUID) -> list[tuple[str, str | None, str]]:
    """States of a flow run with their messages and times, to read where a test fails."""
    with project.client() as client:
        states = client.read_flow_run_states(identity)
    return [(state.name or "", state.message, str(state.timestamp)) for state in states]


def assert_cancelled(project: Project, identity: UUID) -> None:
    """The run ends as cancelled in Prefect and in run.json, if it has come as far as that."""
    run = project.ended(identity)
    assert run.state
    assert run.state.name == "Cancelled", history(project, identity)
    assert str(run.state.message).startswith("The run was stopped")
    until(lambda: project.record(identity).get("state") in (None, "cancelled"), "run.json")


def test_a_run_that_is_being_started_is_cancelled_and_frees_its_place(project: Project) -> None:
    identity = project.begin("sentiment/on-demand", LONG)
    until(lambda: state_name(project, identity) == "Pending", "the start")
    cancel(project, identity)
    assert_cancelled(project, identity)
    following = project.begin("sentiment/on-demand", LONG)
    until(lambda: state_name(project, following) == "Running", "the next run")
    cancel(project, following)
    assert_cancelled(project, following)
    assert state_name(project, identity) == "Cancelled"
    assert project.record(identity) == {}


def test_a_cancelled_run_whose_process_is_gone_did_not_crash(
    project: Project, tmp_path: Path
) -> None:
    with project.client() as client:
        run = client.create_flow_run(Flow(print, name="sentiment"), state=Cancelling())
    reaper = Reaper(tmp_path)
    with temporary_settings({PREFECT_API_URL: f"{project.url}/api"}):
        for _ in range(2):
            reaper.mark_gone({run.id})
    assert_cancelled(project, run.id)


def test_a_run_by_hand_is_cancelled_as_well(project: Project) -> None:
    config = project.folder / "long.yaml"
    ingest = {"path": "data/raw/imdb_reviews.csv"}
    config.write_text(json.dumps({**LONG, "ingest": ingest, "variants": {"relu": {}}}))
    process = project.command("run", "--config", "long.yaml")
    runs = project.artifacts / "runs"

    def identity() -> UUID | None:
        contents = [json.loads(path.read_text()) for path in runs.glob("2*/run.json")]
        known = (UUID(each["flow_run_id"]) for each in contents if each["name"] == "long")
        return next(known, None)

    started = until(identity, "the run by hand")
    assert started
    until(lambda: project.training(started), "the training")
    cancel(project, started)
    assert_cancelled(project, started)
    _, errors = process.communicate(timeout=WAIT_SECONDS)
    assert "The run was stopped" in errors
    assert process.returncode != 0


def test_a_run_is_cancelled_in_the_middle_of_normalize(
    project: Project, imdb: Reviews, tmp_path: Path
) -> None:
    path = write_reviews(tmp_path / "large.csv", imdb)
    settings: dict[str, Any] = {**LONG, "ingest": {"path": str(path)}}
    identity = project.begin("sentiment/on-demand", settings)

    def is_normalizing() -> bool:
        states = project.task_runs(identity).items()
        return any(name.startswith("normalize") and state == "Running" for name, state in states)

    until(is_normalizing, "normalize")
    cancel(project, identity)
    assert_cancelled(project, identity)
    until(lambda: "Running" not in project.task_runs(identity).values(), "the tasks' ends")
    assert not set(project.task_runs(identity).values()) & {"Failed", "Crashed"}


def test_losses_are_logged_while_a_training_goes_on(project: Project) -> None:
    identity = project.begin("sentiment/on-demand", LONG)
    asked = {"logs": {"flow_run_id": {"any_": [str(identity)]}}, "sort": "TIMESTAMP_DESC"}

    def losses() -> list[str]:
        with project.client() as client:
            entries = client.request("POST", "/logs/filter", json=asked).json()
        messages = [str(entry["message"]) for entry in entries]
        return [message for message in messages if message.startswith("epoch ")]

    first = until(losses, "a line with a loss")
    until(lambda: len(losses()) > len(first), "more of them")
    assert " of 100000 · loss 0." in losses()[0]
    assert state_name(project, identity) == "Running"
    cancel(project, identity)
    assert_cancelled(project, identity)
