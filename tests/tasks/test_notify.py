"""Messages to a webhook: when one is sent, sent again, and that its address stays secret."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reviewflow.errors import InputError
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


def test_a_warning_of_the_checks_is_sent_again_where_the_other_side_was_down(
    webhook: Webhook, folder: Path, warning: dict[str, Any]
) -> None:
    webhook.statuses[:] = [500]
    assert Path(run(folder, warning, "warned")).exists()
    assert [status for status, _, _ in webhook.requests] == [500, 200]
    (alert,) = webhook.taken("quality warning")
    assert alert["text"] == (
        "sentiment warned: 1 expectations failed: number of rows at least 1,000,000."
    )


def test_a_webhook_that_is_gone_does_not_fail_the_run(
    webhook: Webhook, folder: Path, warning: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.notify import notify

    monkeypatch.setattr(notify, "retry_delay_seconds", [0, 0, 0])
    monkeypatch.setenv("REVIEWFLOW_WEBHOOK_URL", f"http://127.0.0.1:9/{TOKEN}")
    assert Path(run(folder, warning, "warned")).exists()
    assert webhook.requests == []


def test_the_webhooks_address_is_in_no_file_and_no_answer(
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
