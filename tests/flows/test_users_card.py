"""The user's card, told in Prefect's own words; never loosened.

CSV ─ validate ─ normalize ─ vectorize ─ validate ─ variants in parallel ─ report

Then one variant's learning rate changes: that variant, its evaluation and the report run,
everything else is ``Cached``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import FlowRun, TaskRun

from reviewflow.processors import processors
from tasks.environment import OWN_SERVER
from tests.conftest import ROOT, ROWS

WAIT_SECONDS = 30  # Prefect writes down the states of task runs a moment after they are reached
TRAINED = ("train[relu]", "train[tanh]", "train[careful]")
EVALUATED = ("evaluate[relu]", "evaluate[tanh]", "evaluate[careful]")
CHECKS = ("validate reviews", "validate features")
REPORT = {"report", "publish"}  # charts and metrics; the page, which every run shows in Prefect
TASKS = {"suites", "ingest", "normalize", "vectorize", *CHECKS, *TRAINED, *EVALUATED, *REPORT}

# (earlier, later): the earlier task has ended when the later one starts
ORDER = [
    ("suites", "ingest"),
    ("ingest", "validate reviews"),
    ("ingest", "normalize"),
    ("normalize", "vectorize"),
    ("vectorize", "validate features"),
    *((check, training) for check in CHECKS for training in TRAINED),
    *zip(TRAINED, EVALUATED, strict=True),
    *((evaluation, "report") for evaluation in EVALUATED),
    ("report", "publish"),
]

CONFIG = """\
ingest: {{path: {reviews}}}
validate:
  reviews: {suites}/reviews.yaml
  features: {suites}/features.yaml
vectorize: {{max_features: 300}}
train: {{hidden: [32, 16], activation: relu, epochs: 20, learning_rate: 0.1, device: cpu}}
variants:
  relu: {{}}
  tanh: {{train.activation: tanh}}
  careful: {{train.learning_rate: 0.01}}
"""
BEFORE, AFTER = "careful: {train.learning_rate: 0.01}", "careful: {train.learning_rate: 0.02}"


@dataclass(frozen=True)
class Shown:
    """A run of the command: its record, and what Prefect's API shows of it."""

    record: dict[str, Any]
    flow_run: FlowRun
    task_runs: dict[str, TaskRun]
    tables: dict[str, list[dict[str, Any]]]

    def names_in_state(self, state: str) -> set[str]:
        """Names of the task runs whose state is called `state`."""
        return {name for name, run in self.task_runs.items() if run.state_name == state}


@dataclass(frozen=True)
class Job:
    """A user's configuration file and artifacts folder."""

    config: Path
    artifacts: Path

    def run(self) -> Shown:
        """Run the shipped command, and read what Prefect's API shows of its run."""
        options = ["--config", str(self.config), "--artifacts", str(self.artifacts)]
        done = subprocess.run(
            [sys.executable, "-m", "flows.commands.main", "run", *options],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != OWN_SERVER},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        text = (self.artifacts / "runs" / "latest" / "run.json").read_text(encoding="utf-8")
        return shown_by_prefect(json.loads(text))


def shown_by_prefect(record: dict[str, Any]) -> Shown:
    """What Prefect's API shows of the run with this run.json, once every task run has ended."""
    identity = record["flow_run_id"]
    ours = FlowRunFilter(id=FlowRunFilterId(any_=[identity]))
    deadline = time.monotonic() + WAIT_SECONDS
    with get_client(sync_client=True) as client:
        while True:
            runs = client.read_task_runs(flow_run_filter=ours)
            flow_run = client.read_flow_run(identity)
            ended = [run.name for run in runs if run.state and run.state.is_final()]
            if set(ended) >= TASKS and len(ended) == len(runs):
                break
            assert time.monotonic() < deadline, f"not ended: {TASKS - set(ended)}"
            time.sleep(0.05)
        artifacts = client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[identity]))
        )
    assert len(ended) == len(set(ended)), "two task runs share a name"
    tables = {str(a.key): json.loads(str(a.data)) for a in artifacts if a.type == "table"}
    return Shown(record, flow_run, {run.name: run for run in runs}, tables)


@pytest.fixture(scope="module")
def job(reviews_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("card")
    suites = ROOT / "configs" / "expectations"
    config = folder / "card.yaml"
    config.write_text(CONFIG.format(reviews=reviews_file, suites=suites), encoding="utf-8")
    return Job(config, folder / "artifacts")


@pytest.fixture(scope="module")
def first(job: Job, prefect_api_of_module: str) -> Shown:
    return job.run()


@pytest.fixture(scope="module")
def second(job: Job, first: Shown) -> Shown:
    """The run after the learning rate of one variant was edited in the file."""
    text = job.config.read_text(encoding="utf-8")
    assert BEFORE in text
    job.config.write_text(text.replace(BEFORE, AFTER), encoding="utf-8")
    return job.run()


def test_every_stage_is_a_task_of_its_own_that_completed(first: Shown) -> None:
    assert set(first.task_runs) == TASKS
    assert first.names_in_state("Completed") == TASKS
    assert first.flow_run.state_name == "Completed"


@pytest.mark.parametrize(("earlier", "later"), ORDER)
def test_a_task_starts_after_what_it_needs_has_ended(
    earlier: str, later: str, first: Shown
) -> None:
    ended, started = first.task_runs[earlier].end_time, first.task_runs[later].start_time
    assert ended
    assert started
    assert ended <= started


def test_no_variant_waits_for_another(first: Shown) -> None:
    trainings = {str(first.task_runs[name].id): name for name in TRAINED}
    for name in TRAINED:
        inputs = first.task_runs[name].task_inputs.values()
        awaited = {str(getattr(source, "id", None)) for group in inputs for source in group}
        assert awaited, "Prefect shows nothing that the training waits for"
        assert not awaited & set(trainings), name


@pytest.mark.skipif(processors() < 2, reason="one processor trains one variant at a time")
def test_variants_train_in_parallel(first: Shown) -> None:
    one, other = (first.task_runs[name] for name in TRAINED[:2])
    assert one.start_time
    assert one.end_time
    assert other.start_time
    assert other.end_time
    assert one.start_time < other.end_time
    assert other.start_time < one.end_time


def test_both_checks_passed(first: Shown) -> None:
    for name in ("reviews", "features"):
        table = first.tables[f"quality-{name}"]
        assert table
        assert {row["passed"] for row in table} == {"yes"}


def test_features_are_written_as_parquet_within_0_and_1(first: Shown, job: Job) -> None:
    files = sorted((job.artifacts / "store" / "features").glob("*/features.parquet"))
    tables = [pq.read_table(path) for path in files]
    assert sum(table.num_rows for table in tables) == ROWS
    for table in tables:
        values = table["values"].combine_chunks().flatten().to_numpy()
        assert len(values) > 0
        assert values.min() >= 0
        assert values.max() <= 1


def test_the_report_shows_the_metrics_of_every_variant(first: Shown) -> None:
    page = Path(first.record["artifacts"]["report"]).read_text(encoding="utf-8")
    assert [row["variant"] for row in first.tables["metrics"]] == ["relu", "tanh", "careful"]
    for row, variant in zip(first.tables["metrics"], first.record["variants"], strict=True):
        assert row["variant"] == variant["name"]
        assert f"{variant['metrics']['test']['accuracy']:.4f}" == row["test accuracy"]
        assert 0 <= float(row["test accuracy"]) <= 1
        assert variant["name"] in page


def test_a_changed_learning_rate_runs_its_variant_evaluation_and_report_alone(
    second: Shown,
) -> None:
    ran = {"train[careful]", "evaluate[careful]", *REPORT}
    assert set(second.task_runs) == TASKS
    assert second.names_in_state("Completed") == ran
    assert second.names_in_state("Cached") == TASKS - ran
    assert {run.state_type for run in second.task_runs.values()} == {"COMPLETED"}
    assert second.flow_run.state_name == "Completed"


def test_the_second_report_shows_the_changed_variant(first: Shown, second: Shown) -> None:
    before, after = ({v["name"]: v for v in run.record["variants"]} for run in (first, second))
    assert after["careful"]["params"]["learning_rate"] == 0.02
    assert after["careful"]["metrics"] != before["careful"]["metrics"]
    for name in ("relu", "tanh"):
        assert after[name]["metrics"] == before[name]["metrics"]
    assert second.tables["metrics"] != first.tables["metrics"]
