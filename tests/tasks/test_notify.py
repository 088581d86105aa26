"""Messages to a webhook and to people: when they are sent, and that addresses stay secret."""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from reviewflow.errors import InputError, QualityError
from reviewflow.pipeline.runner import Listener
from reviewflow.runs import record
from reviewflow.runs.history import run_records
from tests.conftest import ROOT, Reviews, small_config, write_config, write_reviews
from tests.flows.conftest import TOKEN, Webhook, listening


@pytest.fixture(scope="module")
def hook() -> Iterator[Webhook]:
    """A webhook for the module."""
    with listening() as hook:
        yield hook


@pytest.fixture
def webhook(hook: Webhook, prefect_api: str, monkeypatch: pytest.MonkeyPatch) -> Webhook:
    """The webhook, named in the environment, before any message."""
    monkeypatch.setenv("REVIEWFLOW_WEBHOOK_URL", hook.url)
    hook.requests.clear()
    hook.statuses.clear()
    return hook


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the module's runs keep their results."""
    return tmp_path_factory.mktemp("alerts")


def run(folder: Path, content: dict[str, Any], name: str = "small") -> str:
    """Run the flow in this process; gives its report."""
    from flows.parameters import Options
    from flows.sentiment import sentiment

    config = write_config(folder / f"{name}.yaml", content)
    report: str = sentiment(
        config=str(config), options=Options(artifacts=str(folder / "artifacts"))
    )
    return report


def one(content: dict[str, Any], **train: Any) -> dict[str, Any]:
    """A configuration with one variant, trained otherwise."""
    return {**content, "train": {**content["train"], **train}, "variants": {"relu": {}}}


@pytest.fixture(scope="module")
def warning(tmp_path_factory: pytest.TempPathFactory, reviews_file: Path) -> dict[str, Any]:
    """A configuration whose reviews fail an expectation that is only a warning."""
    suite = yaml.safe_load((ROOT / "configs" / "expectations" / "reviews.yaml").read_text())
    (rows,) = (e for e in suite["expectations"] if e["notes"].startswith("Enough reviews"))
    rows.update(kwargs={"min_value": 1_000_000}, severity="warning")
    path = write_config(tmp_path_factory.mktemp("suites") / "reviews.yaml", suite)
    content = one(small_config(reviews_file))
    return {**content, "validate": {**content["validate"], "reviews": str(path)}}


@pytest.mark.slow
def test_a_fall_of_the_metric_by_more_than_allowed_is_sent(
    webhook: Webhook, folder: Path, reviews_file: Path
) -> None:
    content = one(small_config(reviews_file), epochs=30)
    run(folder, content)
    assert webhook.requests == []
    worse = one(content, learning_rate=1e-9)
    run(folder, {**worse, "notify": {"metric": "train.accuracy", "fall": 0.05}})
    ((_, _, alert),) = webhook.requests
    assert alert["event"] == "metric fell"
    assert alert["job"] == "sentiment"
    assert (folder / "artifacts" / "runs" / alert["run_id"]).is_dir()
    assert alert["text"].startswith("sentiment small: the best train.accuracy fell from ")
    assert alert["text"].endswith("by more than 0.05.")


def test_a_failed_run_is_sent_with_its_sentence(
    webhook: Webhook, folder: Path, reviews: Reviews, tmp_path: Path
) -> None:
    path = write_reviews(tmp_path / "renamed.csv", reviews[:40])
    path.write_text(path.read_text().replace("review,sentiment", "text,sentiment", 1))
    with pytest.raises(InputError) as raised:
        run(folder, small_config(path))
    ((_, _, alert),) = webhook.requests
    assert (alert["event"], alert["text"]) == (
        "failed",
        f"sentiment small failed: {raised.value}",
    )


def test_a_run_whose_record_cannot_be_written_is_sent(
    webhook: Webhook,
    folder: Path,
    reviews: Reviews,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = record._write_json

    def fill_disk(path: Path, content: Mapping[str, Any]) -> None:
        if content.get("state") == "failed":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, content)

    monkeypatch.setattr(record, "_write_json", fill_disk)
    path = write_reviews(tmp_path / "renamed.csv", reviews[:40])
    path.write_text(path.read_text().replace("review,sentiment", "text,sentiment", 1))
    with pytest.raises(InputError):
        run(folder, small_config(path), "unwritten")
    ((_, _, alert),) = webhook.requests
    assert alert["event"] == "failed"
    assert "renamed.csv has no column 'review'" in alert["text"]


@pytest.mark.slow
def test_a_warning_of_the_checks_is_sent_again_where_the_other_side_was_down(
    webhook: Webhook, folder: Path, warning: dict[str, Any]
) -> None:
    webhook.statuses[:] = [500]
    assert Path(run(folder, warning, "warned")).exists()
    assert [status for status, _, _ in webhook.requests] == [500, 200]
    (alert,) = webhook.taken("quality warning")
    assert alert["text"] == (
        "sentiment warned: 1 expectation failed: number of rows at least 1,000,000."
    )


def test_a_webhook_that_is_gone_does_not_fail_the_run(
    webhook: Webhook, folder: Path, warning: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.notify import notify

    monkeypatch.setattr(notify, "retry_delay_seconds", [0, 0, 0])
    monkeypatch.setenv("REVIEWFLOW_WEBHOOK_URL", f"http://127.0.0.1:9/{TOKEN}")
    assert Path(run(folder, warning, "warned")).exists()
    assert webhook.requests == []


@pytest.fixture
def ops(prefect_api: str) -> Iterator[Webhook]:
    """The address of ops, in a Prefect Secret block."""
    from prefect.blocks.system import Secret

    with listening() as hook:
        address = f"json://{hook.url.removeprefix('http://')}"
        Secret(value=address).save("ops", overwrite=True)
        yield hook
        Secret.delete("ops")


def test_people_get_one_message_in_words(
    ops: Webhook, folder: Path, warning: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    report = Path(run(folder, {**warning, "notify": {"to": ["ops", "boss"]}}, "people"))
    ((status, _, body),) = ops.requests
    assert (status, body["title"]) == (200, "people: 1 expectation failed")
    assert "Which rows: number of rows at least 1,000,000: 600\n" in body["message"]
    assert body["message"].endswith(f":{report.absolute()}\n- In a browser: {link_of(report)}")
    assert "notify.to names boss, which has no address; set REVIEWFLOW_NOTIFY_BOSS" in caplog.text
    assert "notify.to names ops" not in caplog.text


def ui_of(api: str) -> str:
    """Where Prefect's UI is."""
    return api.removesuffix("/api")


def link_of(report: Path) -> str:
    """Where the worker's machine serves a report beside another Prefect server."""
    return f"http://127.0.0.1:4210/reviewflow/runs/{report.parent.name}/report.html"


def test_a_failed_run_tells_people_what_to_do(
    ops: Webhook,
    folder: Path,
    reviews: Reviews,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    prefect_api: str,
) -> None:
    monkeypatch.setattr("tasks.notify.notify_person.retry_delay_seconds", [0, 0, 0])
    ops.statuses[:] = [500]
    path = write_reviews(tmp_path / "renamed.csv", reviews[:40])
    path.write_text(path.read_text().replace("review,sentiment", "text,sentiment", 1))
    with pytest.raises(InputError):
        run(folder, {**small_config(path), "notify": {"to": ["ops"]}}, "broken")
    assert [status for status, _, _ in ops.requests] == [500, 200]
    assert "The alert did not reach ops (it answered 500)." in caplog.text
    body = ops.requests[-1][2]
    assert body["title"] == "broken: run failed on renamed.csv"
    assert f"then run again: `reviewflow run --config {folder}/broken.yaml`" in body["message"]
    record, log = body["message"].splitlines()[-2:]
    assert record.startswith("- Record: ")
    content = json.loads(Path(record.rpartition(":")[2]).read_text(encoding="utf-8"))
    assert log == f"- Log: {ui_of(prefect_api)}/runs/flow-run/{content['flow_run_id']}"


def test_the_console_names_an_alert_that_reached_nobody(
    ops: Webhook,
    folder: Path,
    reviews: Reviews,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    prefect_api: str,
) -> None:
    from flows.base import by_hand

    class Console(Listener):
        shown: ClassVar[list[tuple[str, str]]] = []

        def show(self, name: str, lines: str) -> None:
            self.shown.append((name, lines))

    monkeypatch.setattr("tasks.notify.notify_person.retry_delay_seconds", [0, 0, 0])
    ops.statuses[:] = [500] * 4
    path = write_reviews(tmp_path / "few.csv", reviews[:3])
    with pytest.raises(QualityError), by_hand(Console()):
        run(folder, {**small_config(path), "notify": {"to": ["ops"]}}, "few")
    sentence = "The alert did not reach ops (it answered 500)."
    assert [line for line in Console.shown if line[0] == "notify"] == [("notify", sentence)]


def test_a_crash_is_sent_to_people_and_to_the_webhook(
    ops: Webhook, webhook: Webhook, folder: Path
) -> None:
    from tasks.notify import post_crash_alert

    records = run_records(folder / "artifacts" / "runs")
    record = next(each for each in records if each.content["name"] == "people")
    post_crash_alert("sentiment", "people · 600 rows", "It is gone.", record, " in train[relu]")
    post_crash_alert("sentiment", "people · 600 rows", "It was killed.", record)  # found once more
    text = "people · 600 rows crashed in train[relu]: It is gone."
    ((_, _, body),) = ops.requests
    assert body["title"] == "people: run crashed"
    assert body["message"].startswith(f"What broke: {text}\n")
    assert [sent for _, _, sent in webhook.requests] == [
        {"job": "sentiment", "event": "crashed", "text": text}
    ]


@pytest.mark.parametrize("name", ["options", "settings"])
def test_the_record_of_a_crash_is_found_for_each_flow(name: str, folder: Path) -> None:
    from prefect.client.schemas import FlowRun

    from tasks.notify import _record_of

    artifacts = folder / "artifacts"
    (expected, *_) = [
        run for run in run_records(artifacts / "runs") if "flow_run_id" in run.content
    ]
    crashed = FlowRun(
        id=expected.content["flow_run_id"],
        flow_id=expected.content["flow_run_id"],
        parameters={name: {"artifacts": str(artifacts)}},
    )
    found = _record_of(crashed)
    assert found
    assert found.run_id == expected.run_id


def test_no_address_is_in_a_file_or_an_answer(
    webhook: Webhook, folder: Path, prefect_api: str
) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 50
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    logs, runs = everything_of(prefect_api)
    assert "notify" in runs
    assert TOKEN not in logs
    assert TOKEN not in runs


def everything_of(api: str) -> tuple[str, str]:
    """The logs and the flow and task runs of a Prefect server, as text."""
    from prefect.client.orchestration import SyncPrefectClient

    with SyncPrefectClient(api) as client:
        answers = [
            "".join(
                client.request("POST", f"/{kind}/filter", json={"limit": 200, "offset": at}).text
                for at in range(0, 1000, 200)
            )
            for kind in ("logs", "flow_runs", "task_runs")
        ]
    return answers[0], answers[1] + answers[2]
