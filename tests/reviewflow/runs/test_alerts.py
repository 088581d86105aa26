"""What a run has to tell: failures, quality warnings, a fall of the best metric; no more."""

from typing import Any

import pytest

from reviewflow.runs.alerts import Alert, alerts

LOWER_IS_BETTER = ("log_loss",)


def content(auc: float = 0.9, **more: Any) -> dict[str, Any]:
    """A completed run whose best variant has this ROC AUC, as run.json tells it."""
    metrics = {"test": {"roc_auc": auc, "f1": 0.8}}
    return {
        "job": "sentiment",
        "name": "imdb",
        "state": "completed",
        "config": {"notify": {"metric": "test.roc_auc", "fall": 0.01}},
        "quality": [],
        "best": {"variant": "tanh"},
        "variants": [
            {"name": "relu", "metrics": {"test": {"roc_auc": 0.1}}},
            {"name": "tanh", "metrics": metrics},
        ],
        **more,
    }


def test_a_quiet_run_tells_nothing() -> None:
    assert alerts(content(), content(), LOWER_IS_BETTER) == []
    assert alerts(content(), None, LOWER_IS_BETTER) == []
    assert alerts(content(state="cancelled"), content(0.99), LOWER_IS_BETTER) == []


def test_a_failure_tells_its_sentence() -> None:
    failed = content(state="failed", error="There is no file x.csv; check ingest.path.")
    (alert,) = alerts(failed, content(), LOWER_IS_BETTER)
    assert alert == Alert(
        "failed", "sentiment imdb failed: There is no file x.csv; check ingest.path."
    )


def test_warnings_are_told_with_what_was_asked() -> None:
    quality = [
        {"success": True, "asked": "no blank text"},
        {"success": False, "asked": "few duplicates", "severity": "warning"},
    ]
    (alert,) = alerts(content(quality=quality), None, LOWER_IS_BETTER)
    assert alert.event == "quality warning"
    assert "few duplicates" in alert.text
    assert "no blank text" not in alert.text


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [(0.9, 0.889, True), (0.9, 0.891, False), (0.9, 0.95, False)],
)
def test_a_fall_gives_an_alert_beyond_what_is_allowed(
    before: float, after: float, worse: bool
) -> None:
    found = alerts(content(after), content(before), LOWER_IS_BETTER)
    assert [alert.event for alert in found] == ["metric fell"] * worse
    if worse:
        assert "from 0.9000 to 0.8890" in found[0].text


@pytest.mark.parametrize(
    ("section", "old", "new", "compared"),
    [
        ("select", {"on": "test"}, {"on": "validation"}, False),
        ("select", {"metric": "roc_auc"}, {"metric": "f1"}, False),
        ("split", {"validation_size": 0}, {"validation_size": 0.1}, False),
        ("split", None, {"validation_size": 0.1}, False),
        ("split", None, {"validation_size": 0.0}, True),  # what runs of before did
        ("select", None, {"on": "test", "metric": "roc_auc"}, True),
        ("ingest", {"group_column": None}, {"group_column": "film"}, False),
        ("train", {"epochs": 10}, {"epochs": 20}, True),
    ],
)
def test_runs_whose_best_was_chosen_otherwise_are_not_compared(
    section: str, old: dict[str, Any] | None, new: dict[str, Any], compared: bool
) -> None:
    def run(auc: float, settings: dict[str, Any] | None) -> dict[str, Any]:
        own = {} if settings is None else {section: settings}
        return content(auc, config=content()["config"] | own)

    found = alerts(run(0.5, new), run(0.9, old), LOWER_IS_BETTER)
    assert [alert.event for alert in found] == ["metric fell"] * compared


def test_another_metric_may_be_watched() -> None:
    watching = {"notify": {"metric": "test.f1", "fall": 0.01}}
    assert alerts(content(0.5, config=watching), content(0.9), LOWER_IS_BETTER) == []


@pytest.mark.parametrize(("after", "event"), [(0.311, ["metric rose"]), (0.309, []), (0.2, [])])
def test_a_rise_is_bad_news_where_lower_is_better(after: float, event: list[str]) -> None:
    def run(loss: float) -> dict[str, Any]:
        watching = {"notify": {"metric": "test.log_loss", "fall": 0.01}}
        variants = [{"name": "tanh", "metrics": {"test": {"log_loss": loss}}}]
        return content(config=watching, variants=variants)

    found = alerts(run(after), run(0.3), LOWER_IS_BETTER)
    assert [alert.event for alert in found] == event
    assert all("rose from 0.3000 to 0.3110" in alert.text for alert in found)
