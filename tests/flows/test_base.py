"""What all flows share: every stage has a task, and run.json says how a run ended."""

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from flows import base, moons, sentiment
from flows.base import STOPPED, FlowRun, check_tasks
from flows.parameters import Options
from reviewflow.errors import Cancelled, ConfigError, QualityError, ReviewflowError, StoreError
from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.planner import Planner
from reviewflow.runs.alerts import Alert
from reviewflow.runs.record import RunRecorder, read_run
from tasks.notify import claim_crash_alert
from tests.reviewflow.pipeline.small_job import JOB, Numbered, Settings, groups_of


def test_the_flows_submit_every_stage_of_their_jobs() -> None:
    check_tasks(SENTIMENT, sentiment.TASKS)
    check_tasks(MOONS, moons.TASKS)


@pytest.mark.parametrize("name", SENTIMENT.groups)
def test_a_stage_without_a_task_is_an_error(name: str) -> None:
    tasks = {group: task for group, task in sentiment.TASKS.items() if group != name}
    with pytest.raises(ReviewflowError, match=f"submits no task for {name}"):
        check_tasks(SENTIMENT, tasks)


def test_a_task_without_a_stage_is_an_error() -> None:
    tasks = {**sentiment.TASKS, "vectorise": sentiment.TASKS["vectorize"]}
    with pytest.raises(ReviewflowError, match="a task for vectorise, which the job lacks"):
        check_tasks(SENTIMENT, tasks)


class NumbersRun(FlowRun):
    """A run of a small job, without Prefect.

    Parameters
    ----------
    troubles : what each method raises, by its name.
    """

    def __init__(self, folder: Path, **troubles: BaseException) -> None:
        self.troubles = troubles
        super().__init__(JOB, "numbers", Settings(), Options(artifacts=str(folder)), None)

    def open(self, last_run: LastRun) -> Planner:
        """Return the planner of the job."""
        self.fail("open")
        return Numbered(self.artifacts).planner(last_run)

    def title(self) -> str:
        """Return a name."""
        return "numbers"

    def facts(self) -> dict[str, Any]:
        """Return the stages."""
        self.fail("facts")
        return {"stages": [outcome.to_json() for outcome in self.run.all_outcomes()]}

    def write_pages(self, content: Mapping[str, Any]) -> dict[str, Path]:
        """Write nothing."""
        self.fail("write_pages")
        return {}

    def fail(self, method: str) -> None:
        """Raise what a method is to raise."""
        if method in self.troubles:
            raise self.troubles[method]

    def perform_all(self) -> None:
        """Perform every task group, as the tasks do."""
        for group in groups_of(self.run):
            self.run.perform(group)


@pytest.fixture(autouse=True)
def alerts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The events of the alerts that runs sent."""
    events: list[str] = []

    def send(alert: Alert, facts: dict[str, Any]) -> list[str]:
        events.append(alert.event)
        return []

    monkeypatch.setattr(base, "send_alert", send)
    return events


def record(folder: Path) -> dict[str, Any]:
    """Return the only run's run.json as its readers see it."""
    (path,) = (path for path in (folder / "runs").iterdir() if not path.is_symlink())
    return read_run(path)


def test_a_completed_run_has_its_facts_and_its_keys(tmp_path: Path) -> None:
    with NumbersRun(tmp_path) as run:
        run.perform_all()
    content = record(tmp_path)
    assert (content["state"], content["error"]) == ("completed", None)
    assert {stage["state"] for stage in content["stages"]} == {"ran"}
    keys = json.loads((tmp_path / "runs" / "latest-numbers" / "keys.json").read_text())
    assert keys.keys() == run.run.keys.keys()


def test_facts_that_cannot_be_found_end_the_run_as_failed(
    tmp_path: Path, alerts: list[str]
) -> None:
    broken = ValueError("a summary that divides by zero")
    with (
        pytest.raises(ValueError, match="divides by zero") as raised,
        NumbersRun(tmp_path, facts=broken) as run,
    ):
        run.perform_all()
    assert raised.value is broken
    content = record(tmp_path)
    assert (content["state"], content["error"]) == ("failed", str(broken))
    assert not (tmp_path / "runs" / "latest-numbers").exists()
    assert alerts == ["failed"]


@pytest.mark.parametrize("method", ["facts", "write_pages"])
@pytest.mark.parametrize("trouble", [ValueError("later"), StoreError("later"), OSError("later")])
def test_the_first_error_is_kept_whatever_else_goes_wrong(
    method: str, trouble: Exception, tmp_path: Path, alerts: list[str]
) -> None:
    first = QualityError("Too few rows.")
    with pytest.raises(QualityError) as raised, NumbersRun(tmp_path, **{method: trouble}):
        raise first
    assert raised.value is first
    assert alerts == ["failed"]
    content = record(tmp_path)
    assert (content["state"], content["error"]) == ("failed", "Too few rows.")


def test_an_error_of_prefect_on_a_full_disk_names_the_disk(
    tmp_path: Path, alerts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "is_full", lambda folder: True)
    answer = ValueError("Server error '500 Internal Server Error'")
    with pytest.raises(ValueError, match="Server error"), NumbersRun(tmp_path):
        raise answer
    content = record(tmp_path)
    assert content["state"] == "failed"
    assert f"the disk that holds {tmp_path / 'prefect'} is full" in content["error"]
    assert alerts == ["failed"]


def test_a_failed_run_is_recorded_where_its_keys_do_not_fit(
    tmp_path: Path, alerts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(RunRecorder, "write_keys", Mock(side_effect=full))
    with pytest.raises(QualityError), NumbersRun(tmp_path):
        raise QualityError("Too few rows.")
    assert record(tmp_path)["state"] == "failed"
    assert alerts == ["failed"]


def test_a_run_whose_record_did_not_fit_has_sent_the_only_alert(
    tmp_path: Path, alerts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = StoreError("No space left on device")
    monkeypatch.setattr(RunRecorder, "finish", Mock(side_effect=full))
    with pytest.raises(QualityError), NumbersRun(tmp_path) as run:
        raise QualityError("Too few rows.")
    assert alerts == ["failed"]
    assert not claim_crash_alert(run.record.folder)


@pytest.mark.parametrize(
    ("error", "pages", "notes"),
    [
        (QualityError("Too few rows."), {"Page": Path("moons.html")}, ["Page: moons.html"]),
        (QualityError("Too few rows."), {}, []),
        (ConfigError("A key is unknown."), {"Report": Path("report.html")}, []),
    ],
)
def test_an_error_names_the_page_unless_its_sentence_says_all(
    error: ReviewflowError,
    pages: dict[str, Path],
    notes: list[str],
    tmp_path: Path,
    alerts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(NumbersRun, "write_pages", lambda run, content: pages)
    monkeypatch.setattr(base, "publish_links", lambda pages, artifacts: None)
    with pytest.raises(ReviewflowError) as raised, NumbersRun(tmp_path):
        raise error
    assert getattr(raised.value, "__notes__", []) == notes
    assert alerts == ["failed"]


def test_an_earlier_runs_record_that_cannot_be_read_does_not_leave_this_one_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StoreError("The runs cannot be read.")

    monkeypatch.setattr(base, "last_completed", refuse)
    with pytest.raises(QualityError), NumbersRun(tmp_path):
        raise QualityError("Too few rows.")
    assert record(tmp_path)["state"] == "failed"


@pytest.mark.parametrize("signal", [KeyboardInterrupt(), SystemExit(), Cancelled("stopped")])
def test_a_stop_ends_as_cancelled_though_the_facts_cannot_be_found(
    signal: BaseException, tmp_path: Path
) -> None:
    with pytest.raises(type(signal)) as raised, NumbersRun(tmp_path, facts=ValueError("later")):
        raise signal
    assert raised.value is signal
    content = record(tmp_path)
    assert (content["state"], content["error"]) == ("cancelled", STOPPED)


def test_a_job_that_cannot_be_opened_ends_as_failed(tmp_path: Path) -> None:
    with pytest.raises(ReviewflowError, match="no such file"):
        NumbersRun(tmp_path, open=ReviewflowError("no such file"))
    assert (record(tmp_path)["state"], record(tmp_path)["error"]) == ("failed", "no such file")
