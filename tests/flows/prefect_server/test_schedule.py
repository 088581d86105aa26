"""A month in a minute: the schedule goes on while the reviews grow, are broken, and are mended."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.client.schemas.sorting import FlowRunSort

from tests.conftest import Reviews, small_config, write_config, write_reviews
from tests.flows.conftest import Project, until

NAME = "month"

pytestmark = pytest.mark.slow


@pytest.fixture
def scheduled(served: Project) -> Iterator[UUID]:
    """Nightly's deployment with another configuration, and due every four seconds."""
    with served.client() as client:
        nightly = client.read_deployment_by_name("sentiment/nightly")
        identity = client.create_deployment(
            flow_id=nightly.flow_id,
            name=NAME,
            entrypoint=nightly.entrypoint,
            pull_steps=nightly.pull_steps,
            path=nightly.path,
            work_pool_name=nightly.work_pool_name,
            concurrency_limit=nightly.global_concurrency_limit.limit,  # type: ignore[union-attr]
            concurrency_options=nightly.concurrency_options,
            parameters={"config": f"{NAME}.yaml"},
            schedules=[
                DeploymentScheduleCreate(
                    schedule=IntervalSchedule(interval=timedelta(seconds=4)),
                )
            ],
        )
    yield identity
    with served.client() as client:
        client.delete_deployment(identity)


def history(project: Project, deployment: UUID, *states: StateType) -> list[FlowRun]:
    """The deployment's flow runs in such a state, the earliest first."""
    ours = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
    wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states))))
    with project.client() as client:
        return client.read_flow_runs(
            flow_run_filter=wanted,
            deployment_filter=ours,
            sort=FlowRunSort.START_TIME_ASC,
            limit=200,
        )


def test_a_schedule_runs_as_its_file_changes_and_history_says_so(
    served: Project, scheduled: UUID, reviews: Reviews, tmp_path: Path
) -> None:
    path = served.folder / f"{NAME}.csv"
    content = small_config(path)
    write_config(served.folder / f"{NAME}.yaml", {**content, "variants": {"relu": {}}})

    def put(rows: int, text_column: str = "review") -> None:
        new = write_reviews(tmp_path / "new.csv", reviews[:rows])
        new.write_text(new.read_text().replace("review,sentiment", f"{text_column},sentiment", 1))
        os.replace(new, path)

    def ended(count: int) -> list[FlowRun]:
        """The runs that ran, as soon as there are so many; the next has not read a thing yet."""
        ran = (StateType.COMPLETED, StateType.FAILED)
        return until(
            lambda: len(found := history(served, scheduled, *ran)) >= count and found,
            f"{count} runs",
        )

    # one night after another; a run that is due while another goes on is cancelled
    runs: list[FlowRun] = []
    for rows, column in ((200, "review"), (260, "review"), (320, "text"), (320, "review")):
        put(rows, column)
        runs = ended(len(runs) + 1)
    with served.client() as client:
        client.pause_deployment(scheduled)
    until(lambda: not history(served, scheduled, StateType.PENDING, StateType.RUNNING), "quiet")

    runs = history(served, scheduled, StateType.COMPLETED, StateType.FAILED)
    assert all(run.auto_scheduled for run in runs)
    titles = [(run.state.name, run.name.partition(" · ")[2].partition(" · ")[0]) for run in runs]
    assert titles[:4] == [
        ("Completed", "200 rows"),
        ("Completed", "260 rows"),
        ("Failed", "did not begin"),
        ("Completed", "320 rows"),
    ]
    # what the file holds decides, and nothing else: a run too many finds everything as it was
    assert all(title == ("Completed", "320 rows") for title in titles[4:])
    assert "no changed stages" in runs[-1].name or len(runs) == 4
    broken = runs[2]
    assert "review" in str(broken.state.message)
    for run in history(served, scheduled, StateType.CANCELLED):
        assert "concurrency limit reached" in str(run.state.message)

    # the command line lists the same, and no run that never ran
    lines = [line for line in served.json_of("runs") if line["name"] == NAME][::-1]
    records = [served.record(run.id) for run in runs]
    assert [line["run_id"] for line in lines] == [record["run_id"] for record in records]
    assert [line["state"] for line in lines] == [run.state.name.lower() for run in runs]
    assert [line["rows"] for line in lines][:4] == [200, 260, None, 320]
    assert str(lines[2]["error"]) in str(broken.state.message)
    assert served.webhook
    texts = [notice["text"] for notice in served.webhook.taken("failed")]
    assert f"sentiment {NAME} failed: {lines[2]['error']}" in texts
