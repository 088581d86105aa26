"""The rows of a trend as a person reads them."""

from typing import Any

import pytest

from reviewflow.reporting.page.trend_view import (
    change_text,
    change_tone,
    figure_text,
    figure_title,
    trend_view,
)


def point(number: int, figures: dict[str, float], **more: Any) -> dict[str, Any]:
    """A run of a trend, as JSON."""
    return {
        "run_id": f"run-{number}",
        "started": f"2024-01-0{number}T04:30:00+00:00",
        "state": "completed",
        "error": None,
        "best": "relu",
        "comparison": 0,
        "figures": figures,
        "chance": {},
        "changes": {},
        **more,
    }


def trend(runs: list[dict[str, Any]], scored: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "name": "imdb",
        "model": "reviews",
        "metric": "f1",
        "other_runs": 0,
        "runs": runs,
        "scored": scored,
        **more,
    }


@pytest.mark.parametrize(
    ("name", "title", "value", "text", "difference", "change"),
    [
        ("test.roc_auc", "ROC AUC", 0.95, "0.9500", -0.00123, "−0.0012"),
        ("validation.f1", "F1, validation", None, "–", None, "–"),
        ("rows", "rows", 25000.0, "25,000", -1200.0, "−1,200"),
        ("seconds", "duration", 75.0, "1 min 15 s", 12.5, "+12.5 s"),
        ("share.positive", "share of positive", 0.514, "51.4 %", 0.004, "+0.4 pts"),
        ("drift.labels", "drift of labels", 0.123, "0.12", 0.02, "+0.02"),
        ("drift.labels", "drift of labels", 0.123, "0.12", -0.002, "±0.00"),
        ("test.f1", "F1", 0.5, "0.5000", 0.0, "±0.0000"),
        ("share.a", "share of a", 1.0, "100.0 %", -1e-9, "±0.0 pts"),
        ("rows", "rows", 0.0, "0", 0.0, "±0"),
    ],
)
def test_a_figure_has_its_unit(
    name: str, title: str, value: float | None, text: str, difference: float | None, change: str
) -> None:
    assert figure_title(name) == title
    assert figure_text(name, value) == text
    assert change_text(name, difference) == change


def test_a_change_is_better_or_worse_by_its_metric() -> None:
    assert change_tone("test.roc_auc", 0.01) == "better"
    assert change_tone("test.roc_auc", -0.01) == "worse"
    assert change_tone("test.log_loss", -0.01) == "better"
    assert change_tone("test.roc_auc", 0.00001) == ""
    assert change_tone("rows", -100) == ""
    assert change_tone("test.roc_auc", None) == ""


def test_the_metric_of_the_choice_is_first_and_a_failed_run_has_a_mark() -> None:
    first = point(1, {"test.roc_auc": 0.9, "test.f1": 0.8, "rows": 10.0})
    failed = point(2, {}, state="failed", error="No rows.")
    last = point(
        3,
        {"test.roc_auc": 0.91, "test.f1": 0.79, "rows": 12.0},
        changes={"test.f1": {"difference": -0.01, "since": "run-1"}},
    )
    view = trend_view(trend([first, failed, last], []))
    assert [row.title for row in view.rows] == ["F1", "ROC AUC", "rows"]
    assert view.headline == "imdb: F1 0.7900, −0.0100 since the completed run before"
    assert view.summary == "3 runs: 2 completed and 1 failed"
    assert view.rows[0].values == (0.8, None, 0.79)
    assert view.rows[0].tone == "worse"
    assert (view.rows[0].lowest, view.rows[0].highest) == ("0.7900", "0.8000")
    assert view.marks == (None, "failed", None)
    assert [line.run_id for line in view.lines] == ["run-3", "run-2", "run-1"]
    assert view.lines[1].error == "No rows."


def test_metrics_break_where_runs_are_not_compared() -> None:
    runs = [
        point(number, {"test.f1": 0.8, "rows": 10.0}, comparison=way)
        for number, way in enumerate((0, 0, 1, 1), start=1)
    ]
    runs.insert(2, point(5, {}, state="failed", comparison=7))
    metric, rows = trend_view(trend(runs, [])).rows
    assert metric.breaks == (3,)
    assert rows.breaks == ()


def test_drift_beyond_chance_is_said() -> None:
    scored = [
        point(1, {"drift.tokens": 0.3, "drift.labels": 0.3}, chance={"drift.tokens": 0.05}),
        point(2, {"drift.tokens": 0.3, "drift.labels": 0.3}, chance={"drift.labels": 0.5}),
    ]
    notes = {row.name: row.note for row in trend_view(trend([], scored[:1])).scored}
    assert notes == {"drift.tokens": "more than chance (0.05)", "drift.labels": ""}
    view = trend_view(trend([], scored))
    assert {row.note for row in view.scored} == {""}
    assert view.headline.startswith("imdb: drift of lengths 0.30")


def test_of_two_classes_one_share_is_shown() -> None:
    two = point(1, {"share.negative": 0.4, "share.positive": 0.6})
    three = point(1, {"share.a": 0.4, "share.b": 0.3, "share.c": 0.3})
    assert [row.name for row in trend_view(trend([two], [])).rows] == ["share.positive"]
    assert len(trend_view(trend([three], [])).rows) == 3


def test_the_table_of_runs_is_short() -> None:
    runs = [point(1, {"rows": 1.0}) for _ in range(100)]
    assert len(trend_view(trend(runs, [], other_runs=2), most_lines=7).lines) == 7


def test_a_note_says_how_the_newest_run_ended_and_what_is_left_out() -> None:
    good, bad = point(1, {"rows": 1.0}), point(2, {}, state="failed", error="No rows.")
    stopped = point(2, {}, state="cancelled")
    assert trend_view(trend([bad, good], [])).note == ""
    assert trend_view(trend([good, stopped], [])).note == "The newest run was cancelled."
    view = trend_view(trend([good, bad], [], other_runs=2))
    assert view.note.startswith("The newest run failed: No rows. 2 runs of the same name")
    assert view.days == "2024-01-01 to 2024-01-02"
    assert trend_view(trend([good], [])).days == "2024-01-01"
