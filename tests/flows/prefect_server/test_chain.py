"""Training, gate and scoring follow each other, as Prefect shows them."""

import csv
import os
import time

import pytest
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun
from pyarrow import parquet

from tests.conftest import Reviews
from tests.flows.conftest import Project, until

pytestmark = pytest.mark.slow


def scorings(project: Project) -> list[FlowRun]:
    """The ended runs of score-inbox."""
    with project.client() as client:
        deployment = client.read_deployment_by_name("score/score-inbox").id
        runs = client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
        )
    return [run for run in runs if run.state and run.state.is_final()]


def test_the_champion_of_the_night_scores_the_inbox(served: Project, reviews: Reviews) -> None:
    inbox = served.folder / "data" / "inbox"
    inbox.mkdir()
    path = inbox / "monday.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["review"], *([text] for text, _ in reviews[:50])])
    os.utime(path, (time.time() - 3600,) * 2)  # it has not changed for an hour

    night = served.ended(served.begin("sentiment/nightly"))
    assert night.state_name == "Completed"
    gates = [name for name in served.task_runs(night.id) if name.startswith("gate")]
    assert len(gates) == 1
    published = served.record(night.id)["published"]
    assert published["gate"]["promoted"]

    (scoring,) = until(lambda: scorings(served), "score-inbox")
    assert scoring.state_name == "Completed"
    assert scoring.name == f"imdb {published['version']} · 1 file"
    assert scoring.created_by
    assert scoring.created_by.type == "AUTOMATION"
    (link,) = (a for a in served.artifacts_of(scoring.id) if a.key == "link-started-after")
    assert link.description == f"Started after {night.name}"
    assert f"](/runs/flow-run/{night.id})" in str(link.data)
    scores = parquet.read_table(served.folder / "data" / "scores" / "monday.csv.parquet")
    assert scores.num_rows == 50
    assert set(scores["model_version"].to_pylist()) == {published["version"]}
