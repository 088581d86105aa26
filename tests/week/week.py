"""A project that runs by its schedule while days pass and things happen to it."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psutil
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from pyarrow import parquet

from tests.conftest import ROOT, Reviews, write_config, write_reviews
from tests.flows.conftest import Project, Webhook, free_port, until
from tests.week.clock import Clock
from tests.week.small_disk import SmallDisk

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTLY, SCORING = "sentiment/nightly", "score/score-inbox"
ALERT_SECONDS = 4  # after a run's end, so that an alert that is sent twice has come
SECONDS_BEFORE = 3  # the hour of the schedule, to which the clock jumps
CONFIG: dict[str, Any] = {
    "ingest": {
        "path": "../data/raw/reviews.csv",
        "text_column": "review",
        "label_column": "sentiment",
        "labels": {"negative": 0, "positive": 1},
    },
    "split": {"method": "hash", "test_size": 0.2, "validation_size": 0.2},
    "select": {"on": "validation", "metric": "roc_auc"},
    "vectorize": {"max_features": 3000, "ngram_range": [1, 1], "sublinear_tf": True},
    "train": {
        "hidden": [32],
        "activation": "relu",
        "epochs": 25,
        "batch_size": 16,
        "learning_rate": 0.1,
        "schedule": "constant",
        "device": "cpu",
    },
    "variants": {"relu": {}, "linear": {"train.hidden": [], "train.learning_rate": 0.5}},
    "publish": {"name": "imdb"},
    "notify": {"to": ["ops"]},
}


@dataclass(frozen=True)
class Night:
    """What Prefect says of one night's runs, and the alerts that came.

    Attributes
    ----------
    versions : the model that scored each file of the inbox, by the file's name.
    """

    training: FlowRun
    scoring: FlowRun
    alerts: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    versions: dict[str, str]

    @property
    def text(self) -> str:
        """The only message to people."""
        (message,) = self.messages
        return str(message["message"])


class Week:
    """A project, its clock, and who receives its alerts.

    Parameters
    ----------
    project : whose processes have the clock.
    hook, ops : the webhook of programs, and the one that Apprise sends to.
    """

    def __init__(self, project: Project, clock: Clock, hook: Webhook, ops: Webhook) -> None:
        self.project, self.clock, self.hook, self.ops = project, clock, hook, ops

    def runs_of(self, deployment: str) -> list[FlowRun]:
        """The flow runs of a deployment that are no longer only scheduled, the first one first."""
        with self.project.client() as client:
            chosen = DeploymentFilterId(any_=[client.read_deployment_by_name(deployment).id])
            runs = client.read_flow_runs(
                deployment_filter=DeploymentFilter(id=chosen),
                sort=FlowRunSort.START_TIME_ASC,
                limit=200,
            )
        return [run for run in runs if run.state and not run.state.is_scheduled()]

    def next_run(self, deployment: str, known: int) -> UUID:
        """The run that a deployment has beyond those known."""
        runs = until(
            lambda: len(found := self.runs_of(deployment)) > known and found,
            f"run {known + 1} of {deployment}",
        )
        return runs[known].id

    def night(self, day: date, during: Callable[[UUID], None] | None = None) -> Night:
        """Let one night pass, and return once its runs have ended.

        Parameters
        ----------
        during : called with the training's id as soon as its record is there.
        """
        known = [len(self.runs_of(name)) for name in (NIGHTLY, SCORING)]
        sent = len(self.hook.requests), len(self.ops.requests)
        due = datetime(day.year, day.month, day.day, 4, 30, tzinfo=BERLIN)
        self.clock.set(datetime.fromtimestamp(due.timestamp() - SECONDS_BEFORE, BERLIN))
        identity = self.next_run(NIGHTLY, known[0])
        if during is not None:
            until(lambda: self.project.record(identity), "the run's record")
            during(identity)
        training = self.project.ended(identity)
        scoring = self.project.ended(self.next_run(SCORING, known[1]))
        time.sleep(ALERT_SECONDS)
        return Night(
            training,
            scoring,
            [body for _, _, body in self.hook.requests[sent[0] :]],
            [body for _, _, body in self.ops.requests[sent[1] :]],
            self.versions(),
        )

    def versions(self) -> dict[str, str]:
        """The model that scored each file of the inbox, by the file's name."""
        scores = (self.project.folder / "data" / "scores").glob("*.parquet")
        return {
            path.stem: parquet.read_table(path)["model_version"].unique().to_pylist()[-1]
            for path in scores
        }

    def kill_in_training(self, identity: UUID) -> None:
        """Kill a run's process once a network of it is being trained."""
        making = self.project.artifacts / "store" / ".making"

        def trains() -> bool:
            return making.exists() and any(
                path.name.startswith("train") for path in making.iterdir()
            )

        until(trains, "training")
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("PREFECT__FLOW_RUN_ID") == str(identity):
                    process.kill()

    def set_back(self, identity: UUID) -> None:
        """Set the clock back by an hour while a run is going."""
        self.clock.set(self.clock.now - timedelta(hours=1))

    def put_reviews(self, reviews: Reviews) -> Path:
        """Replace the file of reviews, as an export does."""
        path = self.project.folder / "data" / "raw" / "reviews.csv"
        os.replace(write_reviews(path.with_suffix(".new"), reviews), path)
        return path

    def record(self, flow_run: FlowRun) -> dict[str, Any]:
        """run.json of a flow run."""
        return self.project.record(flow_run.id)


@dataclass
class WeekProject(Project):
    """A project whose artifacts are on a small disk."""

    disk: SmallDisk | None = None

    @property
    def artifacts(self) -> Path:
        """Where results are kept, as this process gets at it."""
        assert self.disk
        return self.disk.seen


def week_project(disk: SmallDisk) -> Project:
    """Make the disk's parent folder a project whose nightly job is small and has alerts."""
    folder = disk.folder.parent
    for name in ("data/raw", "data/inbox", "configs"):
        (folder / name).mkdir(parents=True)
    (folder / "configs" / "expectations").symlink_to(ROOT / "configs" / "expectations")
    write_config(folder / "configs" / "nightly.yaml", CONFIG)
    deployed = (ROOT / "prefect.yaml").read_text()
    for old, new in (
        ("model: imdb}}", "model: imdb, notify: {to: [ops]}}}"),
        ("{{ machine.time_zone }}", "Europe/Berlin"),
    ):
        assert old in deployed
        deployed = deployed.replace(old, new)
    (folder / "prefect.yaml").write_text(deployed)
    return WeekProject(folder, free_port(), prefix=disk.prefix(folder), disk=disk)


def put_inbox(project: Project, name: str, texts: list[str]) -> Path:
    """Put a file of texts into the inbox."""
    path = project.folder / "data" / "inbox" / name
    return write_reviews(path, [(text, "") for text in texts])
