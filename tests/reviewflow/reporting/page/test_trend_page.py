"""The page of a trend: every figure is there, and text from data stays text."""

from reviewflow.reporting.page.trend_page import trend_page
from tests.reviewflow.reporting.example import NASTY
from tests.reviewflow.reporting.page.test_html import Reader
from tests.reviewflow.reporting.page.test_trend_view import point, trend


def test_the_page_has_every_figure_and_loads_nothing() -> None:
    runs = [
        point(1, {"test.f1": 0.8, "rows": 1000.0, "share.a": 0.4, "share.b": 0.6}),
        point(2, {}, state="failed", error="The reviews failed 2 checks."),
        point(
            3,
            {"test.f1": 0.81, "rows": 1200.0, "share.a": 0.5, "share.b": 0.5},
            changes={"test.f1": {"difference": 0.01, "since": "run-1"}},
            comparison=1,
        ),
    ]
    scored = [point(4, {"drift.tokens": 0.3}, chance={"drift.tokens": 0.1})]
    page = Reader(trend_page(trend(runs, scored)))
    for words in (
        "imdb: F1 0.8100, +0.0100 since the run before",
        "3 runs: 2 completed and 1 failed",
        "2024-01-01 to 2024-01-03",
        "The reviews failed 2 checks.",
        "Share of b",
        "Files scored with reviews",
        "more than chance (0.10)",
        "a run that failed",
        "not compared",
        "run-3",
    ):
        assert words in page.text, words
    assert page.tags.count("svg") == 4 + 2  # with those of the key
    assert page.addresses == []
    assert "script" not in page.tags


def test_text_from_data_stays_text() -> None:
    run = point(1, {"test.f1": 0.8, f"share.{NASTY}": 1.0})
    hostile = run | {"run_id": NASTY, "best": NASTY, "started": NASTY}
    failed = run | {"state": NASTY, "error": NASTY, "figures": {}}
    page = Reader(trend_page(trend([hostile, failed], [hostile], name=NASTY, model=NASTY)))
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text
    assert "\x1b" not in page.text
    assert page.handlers == []


def test_a_trend_without_figures_is_a_page() -> None:
    assert "0 runs" in Reader(trend_page(trend([], []))).text
