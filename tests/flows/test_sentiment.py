"""The whole flow against the real Prefect server: first run, second run, and runs that fail."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from reviewflow.config.sentiment import read_config
from reviewflow.errors import InputError, QualityError
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.jobs.sentiment_summary import quality_entries
from reviewflow.pipeline.reasons import Reason, reason_text
from tasks.environment import OWN_SERVER
from tests.conftest import (
    GROUPS,
    ROOT,
    ROWS,
    Reviews,
    plan_and_run,
    small_config,
    write_config,
    write_reviews,
)

WAIT_SECONDS = 120  # Prefect writes down the states of task runs a moment after they are reached
WORKS = (
    "suites",
    "ingest",
    "validate reviews",
    "normalize",
    "vectorize",
    "validate features",
    "train[relu]",
    "train[tanh]",
    "evaluate[relu]",
    "evaluate[tanh]",
    "report",
)
PUBLISHED = "publish"  # describes this run, so it is never cached


@dataclass(frozen=True)
class Seen:
    """One run of the flow: its record, and what Prefect's API says of it."""

    folder: Path
    record: dict[str, Any]
    flow_run: Any
    task_runs: dict[str, Any]


def run_flow(config: Path, artifacts: Path, ending: tuple[str, ...] = (*WORKS, PUBLISHED)) -> Seen:
    """Run the flow in this process and read back everything that it left.

    Parameters
    ----------
    ending : names of the task runs that come to an end.
    """
    from flows.parameters import Options
    from flows.sentiment import sentiment

    error: Exception | None = None
    try:
        report = sentiment(config=str(config), options=Options(artifacts=str(artifacts)))
        assert Path(report).exists()
    except (QualityError, InputError) as raised:
        error = raised
    folder = max(
        (path for path in (artifacts / "runs").iterdir() if not path.is_symlink()),
        key=lambda path: path.stat().st_ctime_ns,
    )
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert (error is None) == (record["state"] == "completed")
    assert record["error"] == (None if error is None else str(error))
    for stage in record.get("stages", ()):
        assert stage["reason"] == reason_text(Reason(**each) for each in stage["reasons"])
    return Seen(folder, record, *read_back(record["flow_run_id"], set(ending)))


def read_back(identity: str, ending: set[str]) -> tuple[Any, dict[str, Any]]:
    """A flow run by Prefect's API and its task runs by name, once they have ended."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    ours = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(identity)]))
    deadline = time.monotonic() + WAIT_SECONDS
    with get_client(sync_client=True) as client:
        while True:
            flow_run = client.read_flow_run(UUID(identity))
            runs = client.read_task_runs(flow_run_filter=ours)
            ended = {run.name for run in runs if run.state and run.state.is_final()}
            if ending <= ended:
                assert len({run.name for run in runs}) == len(runs)
                return flow_run, {run.name: run for run in runs}
            assert time.monotonic() < deadline, f"not ended: {ending - ended}"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def job(reviews_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A configuration and an artifacts folder."""
    folder = tmp_path_factory.mktemp("job")
    return write_config(folder / "small.yaml", small_config(reviews_file)), folder / "artifacts"


@pytest.fixture(scope="module")
def first(job: tuple[Path, Path], prefect_api_of_module: str) -> Seen:
    """The first run."""
    return run_flow(*job)


@pytest.fixture(scope="module")
def second(job: tuple[Path, Path], first: Seen, prefect_api_of_module: str) -> Seen:
    """The same again."""
    return run_flow(*job)


def test_the_record_of_a_completed_run_has_the_contracts_fields(
    first: Seen, job: tuple[Path, Path]
) -> None:
    record = first.record
    assert record["run_id"] == first.folder.name
    assert (record["job"], record["name"], record["state"]) == ("sentiment", "small", "completed")
    assert record["started"] <= record["finished"]
    assert record["seconds"] > 0
    assert record["config"]["train"]["hidden"] == [8, 4]
    assert record["config"] == read_config(job[0]).model_dump(mode="json", by_alias=True)
    assert record["environment"]["packages"]["torch"]
    assert record["best"]["variant"] in ("relu", "tanh")
    assert record["best"]["chosen_on"]
    assert isinstance(record["conclusions"], list)
    assert record["data"]["rows"] == ROWS


def test_the_record_says_where_report_and_data_docs_are(first: Seen) -> None:
    assert set(first.record["artifacts"]) == {"report", "mistakes", "data_docs"}


def test_the_record_has_every_stage(first: Seen) -> None:
    stages = first.record["stages"]
    assert {stage["stage"] for stage in stages} == {
        s.name for s in SENTIMENT.stages if not s.applies
    }
    for stage in stages:
        assert set(stage) == {
            *("stage", "part", "variant", "key", "state", "reason", "reasons", "seconds"),
            *("cpu_seconds", "peak_memory_bytes", "rows", "bytes", "bytes_in"),
        }
        assert stage["state"] == "ran"
        assert stage["reason"] == "first run" or stage["reason"].startswith("unless ")
        assert len(stage["key"]) == 32
        assert stage["bytes"] > 0
        assert (stage["bytes_in"] > 0) == (stage["stage"] not in ("suites", "ingest"))
        over_parts = stage["stage"] in ("ingest", "split", "normalize", "count", "features")
        assert stage["part"] == (0 if over_parts else None)
        assert (stage["variant"] is not None) == (stage["stage"] in ("train", "evaluate"))


def test_the_record_has_every_check_and_every_variant(first: Seen) -> None:
    suites = {
        name: yaml.safe_load((ROOT / "configs" / "expectations" / f"{name}.yaml").read_text())
        for name in ("reviews", "features")
    }
    told = [(entry["suite"], entry["expectation"]) for entry in first.record["quality"]]
    assert told == [
        (name, one["type"]) for name, suite in suites.items() for one in suite["expectations"]
    ]
    for entry in first.record["quality"]:
        assert {"column", "success", "severity", "observed", "unexpected_count", "examples"} <= set(
            entry
        )
    relu, tanh = first.record["variants"]
    assert (relu["name"], relu["changes"]) == ("relu", {})
    assert (tanh["name"], tanh["changes"]) == ("tanh", {"train.activation": "tanh"})
    assert tanh["params"]["activation"] == "tanh"
    assert tanh["params"]["learning_rate"] == 0.1
    for variant in (relu, tanh):
        assert variant["state"] == "ran"
        assert variant["diagnosis"]
        for split in ("train", "test"):
            figures = variant["metrics"][split]
            for name in ("accuracy", "roc_auc"):
                assert 0 <= figures[name] <= 1
            assert {"precision", "recall", "f1", "log_loss"} <= set(figures)


def test_the_report_is_there_and_latest_points_at_it(first: Seen, second: Seen) -> None:
    latest = first.folder.parent / "latest"
    assert latest.is_symlink()
    assert latest.resolve() == second.folder.resolve()
    for run in (first, second):
        page = (run.folder / "report.html").read_text(encoding="utf-8")
        assert run.record["run_id"] in page
        assert "tanh" in (run.folder / "report.md").read_text(encoding="utf-8")


def test_prefect_shows_each_piece_of_work_by_its_name(first: Seen) -> None:
    assert set(first.task_runs) == {*WORKS, PUBLISHED}
    for name, run in first.task_runs.items():
        assert (run.state.type.value, run.state.name) == ("COMPLETED", "Completed"), name
    for name in WORKS[:8]:
        assert "steps ran: first run" in first.task_runs[name].state.message
    assert first.flow_run.state.type.value == "COMPLETED"
    shown = {stage.group for stage in SENTIMENT.stages if not stage.applies}
    assert first.flow_run.name == f"small · {ROWS} rows · {len(shown)} changed stages"


def test_an_unchanged_second_run_does_nothing(first: Seen, second: Seen) -> None:
    assert {stage["state"] for stage in second.record["stages"]} == {"cached"}
    assert keys(second) == keys(first)
    assert {v["state"] for v in second.record["variants"]} == {"cached"}
    for before, after in zip(first.record["variants"], second.record["variants"], strict=True):
        assert after["metrics"] == before["metrics"]


def keys(seen: Seen) -> dict[tuple[str, Any, Any], str]:
    return {(s["stage"], s["part"], s["variant"]): s["key"] for s in seen.record["stages"]}


def test_an_unchanged_second_run_is_shown_as_cached(second: Seen) -> None:
    assert set(second.task_runs) == {*WORKS, PUBLISHED}
    for name in WORKS:
        state = second.task_runs[name].state
        assert (state.type.value, state.name) == ("COMPLETED", "Cached"), name
    assert second.flow_run.name == f"small · {ROWS} rows · no changed stages"
    assert second.flow_run.state.type.value == "COMPLETED"


@pytest.fixture(scope="module")
def by_hand(job: tuple[Path, Path], second: Seen) -> tuple[str, Any]:
    """A third run, of the command: the heavy modules that it imported, and its flow run."""
    config, artifacts = job
    script = (
        "import sys; from flows.commands.main import main;"
        "main(sys.argv[2:], standalone_mode=False);"
        "print(*sorted(set(sys.argv[1].split()) & set(sys.modules)), sep=' ', file=sys.stderr)"
    )
    heavy = "torch numba great_expectations nltk matplotlib sklearn pandas pyarrow.dataset"
    command = ["run", "--config", str(config), "--artifacts", str(artifacts)]
    done = subprocess.run(
        [sys.executable, "-c", script, heavy, *command],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != OWN_SERVER},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "report: cached" in done.stdout
    record = json.loads((artifacts / "runs" / "latest" / "run.json").read_text(encoding="utf-8"))
    return done.stderr.strip(), read_back(record["flow_run_id"], {*WORKS, PUBLISHED})[0]


def test_an_unchanged_run_imports_nothing_that_computes(by_hand: tuple[str, Any]) -> None:
    assert by_hand[0] == ""


def test_a_run_by_hand_sends_no_heartbeats(first: Seen, by_hand: tuple[str, Any]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while "prefect.flow-run.Completed" not in (events := events_of(by_hand[1].id)):
        assert time.monotonic() < deadline, f"only {events}"
        time.sleep(0.05)
    assert "prefect.flow-run.heartbeat" not in events
    assert "prefect.flow-run.heartbeat" in events_of(first.flow_run.id)


def events_of(flow_run_id: UUID) -> set[str]:
    """Names of the events that Prefect has of a flow run."""
    from prefect.client.orchestration import get_client

    asked = {"resource": {"id": [f"prefect.flow-run.{flow_run_id}"]}}
    with get_client(sync_client=True) as client:
        answer = client.request("POST", "/events/filter", json={"filter": asked})
    return {event["event"] for event in answer.json()["events"]}


def test_heartbeats_that_prefects_settings_ask_for_are_sent(prefect_api_of_module: str) -> None:
    from prefect.settings import get_current_settings, temporary_settings

    from flows.base import by_hand
    from reviewflow.pipeline.runner import Listener

    def frequency() -> int | None:
        return get_current_settings().flows.heartbeat_frequency

    usual = frequency()
    with by_hand(Listener()):
        assert frequency() is None
    assert frequency() == usual
    with temporary_settings({"flows.heartbeat_frequency": 45}), by_hand(Listener()):
        assert frequency() == 45


def test_the_table_of_variants_is_a_prefect_artifact(first: Seen) -> None:
    assert {"metrics", "report"} <= {artifact.key for artifact in artifacts_of(first.flow_run.id)}


def test_every_artifact_says_what_it_is_and_of_which_run(first: Seen) -> None:
    for artifact in artifacts_of(first.flow_run.id):
        is_trend = (artifact.key or "").startswith("trend-")
        words = str(artifact.description)
        assert words.startswith("small: ROC AUC" if is_trend else "small · "), artifact.key
        assert is_trend or words.endswith(f" · run {first.record['run_id']}"), artifact.key


def test_a_flow_run_is_found_by_its_tags(first: Seen, by_hand: tuple[str, Any]) -> None:
    assert set(first.flow_run.tags) == {"sentiment", "config:small"}
    assert set(by_hand[1].tags) == {"sentiment", "config:small", "by-hand"}


def test_the_log_has_the_losses_of_a_training_and_nothing_of_one_that_is_cached(
    first: Seen, second: Seen
) -> None:
    trained = first.task_runs["train[tanh]"]
    losses = until_logged(trained, "Losses, as [epoch, step]:")
    assert re.fullmatch(r".*:\n\[1, [0-9]+\] loss: 0\.[0-9]{3}", losses)
    until_logged(second.task_runs["train[tanh]"], "Finished in state Cached")
    assert len(logged(second.task_runs["train[tanh]"])) == 1


def until_logged(task_run: Any, beginning: str) -> str:
    """Return a message of a task run once Prefect has it, by its beginning."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := [m for m in logged(task_run) if m.startswith(beginning)]):
        assert time.monotonic() < deadline, f"no {beginning} in {logged(task_run)}"
        time.sleep(0.05)
    return found[0]


def logged(task_run: Any) -> list[str]:
    """Return the messages in Prefect's log of a task run."""
    from prefect.client.orchestration import get_client

    asked = {"task_run_id": {"any_": [str(task_run.id)]}}
    with get_client(sync_client=True) as client:
        answer = client.request("POST", "/logs/filter", json={"logs": asked})
    return [str(entry["message"]) for entry in answer.json()]


def test_the_progress_of_training_is_a_prefect_artifact(first: Seen) -> None:
    progress = [a for a in artifacts_of(first.flow_run.id) if a.type == "progress"]
    assert len(progress) == 2
    assert all(float(artifact.data) == 100 for artifact in progress)


def test_the_results_of_the_checks_are_prefect_artifacts(first: Seen) -> None:
    tables = {a.key: a for a in artifacts_of(first.flow_run.id) if a.type == "table"}
    assert {"quality-reviews", "quality-features"} <= set(tables)
    asked = json.loads(tables["quality-reviews"].data)
    assert len(asked) == sum(q["suite"] == "reviews" for q in first.record["quality"])


def test_the_trend_is_one_artifact_that_later_runs_update(first: Seen, second: Seen) -> None:
    keys = [artifact.key or "" for artifact in artifacts_of(second.flow_run.id)]
    assert not any(key.startswith("trend-") for key in keys)
    (trend,) = (a for a in artifacts_of(first.flow_run.id) if (a.key or "").startswith("trend-"))
    heading, _, summary, *_ = trend.data.splitlines()
    assert heading.startswith("# small: ROC AUC 0.")
    assert int(summary.split()[0]) >= 2
    assert first.record["best"]["variant"] in trend.data


def test_the_report_shows_the_last_runs(first: Seen, second: Seen) -> None:
    pages = [(each.folder / "report.html").read_text(encoding="utf-8") for each in (first, second)]
    texts = [(each.folder / "report.md").read_text(encoding="utf-8") for each in (first, second)]
    wanted = "The last 2 runs of this configuration"
    assert [wanted in text for text in (*pages, *texts)] == [False, True] * 2
    (page,) = (second.folder.parents[1] / "trends").glob("small-*.html")
    assert "small: ROC AUC 0." in page.read_text(encoding="utf-8")
    assert "link-trend" in {artifact.key for artifact in artifacts_of(second.flow_run.id)}


def artifacts_of(flow_run_id: UUID) -> list[Any]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        ArtifactFilter,
        ArtifactFilterFlowRunId,
    )

    with get_client(sync_client=True) as client:
        found: list[Any] = client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]))
        )
    return found


def served_at(page: Path) -> str:
    """Where a worker's machine serves a page beside another Prefect server."""
    return f"http://127.0.0.1:4210/reviewflow/runs/{page.parent.name}/{page.name}"


def unbalanced(rows: Reviews) -> Reviews:
    return [row for number, row in enumerate(rows) if row[1] == "negative" or number % 10 == 1]


def few_positives(rows: Reviews) -> Reviews:
    return [row for number, row in enumerate(rows) if row[1] == "negative" or number % 60 == 1]


def test_a_failing_check_stops_the_run_and_stands_in_the_record(
    job: tuple[Path, Path], first: Seen, reviews: Reviews, tmp_path: Path, prefect_api: str
) -> None:
    _, artifacts = job
    latest = (artifacts / "runs" / "latest").resolve()
    path = write_reviews(tmp_path / "rare.csv", few_positives(reviews))
    config = write_config(tmp_path / "rare.yaml", small_config(path))
    failed = run_flow(config, artifacts, WORKS)
    assert failed.record["state"] == "failed"
    assert failed.flow_run.state.type.value == "FAILED"
    page = failed.folder.absolute() / "report.html"
    assert failed.flow_run.state.message == (
        f"{failed.record['error'].partition('. ')[0]}. Report: {served_at(page)}"
    )
    checks = {"failed:validate reviews", "failed:validate features"}
    assert set(failed.flow_run.tags) == {"sentiment", "config:rare", *checks}
    assert failed.task_runs["validate reviews"].state.type.value == "FAILED"
    for name in ("train[relu]", "evaluate[tanh]", "report"):
        state = failed.task_runs[name].state
        assert (state.type.value, state.name) == ("CANCELLED", "Skipped"), name
    why = failed.task_runs["evaluate[relu]"].state.message
    assert why == "It needs what train[relu] did not finish."
    states = {stage["stage"]: stage["state"] for stage in failed.record["stages"]}
    assert states["validate_reviews"] == "failed"
    assert states["train"] == states["evaluate"] == states["report"] == "skipped"
    assert {variant["state"] for variant in failed.record["variants"]} == {"skipped"}
    missed = [q for q in failed.record["quality"] if not q["success"]]
    assert {(q["suite"], q["severity"], q["column"]) for q in missed} == {
        (suite, *found)
        for suite in ("reviews", "features")
        for found in (("error", "rows"), ("warning", "balance"))
    }
    error = " ".join(failed.record["error"].split())
    assert error.startswith("The reviews failed 1 of ")
    assert f"and the features failed 1 of 21 checks of {ROOT / 'configs'}" in error
    assert "change validate.limits.min_rows_per_class, or give" in error
    assert "(validate reviews and validate features)" in error
    assert error.count("validate.limits.min_rows_per_class: 5") == 1
    assert (artifacts / "runs" / "latest").resolve() == latest
    assert "rows to learn from" in (failed.folder / "report.html").read_text(encoding="utf-8")

    again = run_flow(config, artifacts, WORKS[:3])
    assert again.record["error"] == failed.record["error"]
    assert {stage["state"] for stage in again.record["stages"]} == {"cached", "failed", "skipped"}


CHECKED = ("suites", "ingest", "validate reviews")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One artifacts folder for several checks, so that the suites are judged once."""
    return tmp_path_factory.mktemp("checked")


def blanks(rows: Reviews) -> Reviews:
    return [*rows[:4], ("   ", "positive"), ("", "negative"), *rows[4:34]]


def no_label(rows: Reviews) -> Reviews:
    return [(rows[0][0], ""), *rows[1:]]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (few_positives, "rows to learn from"),
        (blanks, "Few of the texts are blank."),
        (no_label, "No blank labels"),
        (lambda rows: rows[:3], "Enough reviews to learn from"),
        (lambda rows: [r for r in rows if r[1] == "negative"], "rows to learn from"),
    ],
    ids=["few of a class", "blank texts", "no label", "three rows", "one class"],
)
def test_a_failing_check_is_told_as_a_table_and_at_once_the_second_time(
    damage: Callable[[Reviews], Reviews],
    words: str,
    reviews: Reviews,
    checked: Path,
    tmp_path: Path,
) -> None:
    path = write_reviews(tmp_path / "reviews.csv", damage(reviews))
    config = write_config(tmp_path / "job.yaml", small_config(path))
    checks = checked / "store" / "validate_reviews"
    before = set(checks.glob("*"))
    with pytest.raises(QualityError) as first_time:
        plan_and_run(config, checked, CHECKED)
    table = str(first_time.value)
    assert words in " ".join(table.split())
    assert "nothing was trained" in table
    assert len(max(table.splitlines()[2:], key=len)) <= 114
    (folder,) = set(checks.glob("*")) - before
    made = (folder / "manifest.json").stat().st_mtime_ns
    with pytest.raises(QualityError) as second_time:
        plan_and_run(config, checked, CHECKED)
    assert str(second_time.value) == table
    assert set(checks.glob("*")) - before == {folder}
    assert (folder / "manifest.json").stat().st_mtime_ns == made


def test_blank_texts_are_named_by_their_records(
    reviews: Reviews, checked: Path, tmp_path: Path
) -> None:
    path = write_reviews(tmp_path / "reviews.csv", blanks(reviews))
    config = write_config(tmp_path / "job.yaml", small_config(path))
    with pytest.raises(QualityError, match="first_blank_records 6, 7"):
        plan_and_run(config, checked, CHECKED)


def test_a_warning_stops_nothing(reviews: Reviews, tmp_path: Path) -> None:
    path = write_reviews(tmp_path / "reviews.csv", unbalanced(reviews))
    content = small_config(path)
    del content["variants"]
    told = plan_and_run(
        write_config(tmp_path / "job.yaml", content), tmp_path / "artifacts", GROUPS[:-2]
    )
    missed = [entry for entry in quality_entries(told.run) if not entry["success"]]
    assert {(e["suite"], e["severity"], e["column"]) for e in missed} == {
        ("reviews", "warning", "balance"),
        ("features", "warning", "balance"),
    }
    assert "train[default]" in told.ran


@pytest.mark.slow
def test_the_flow_imports_nothing_that_computes() -> None:
    """So that an unchanged run waits for none of it."""
    code = (
        "import sys, flows.sentiment; "
        "print([n for n in ('numpy', 'pyarrow', 'scipy', 'torch', 'numba') if n in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert answer.stdout == "[]\n", answer.stderr
