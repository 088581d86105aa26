"""The page of a trend: every figure is there, and text from data stays text."""

from markdown_it import MarkdownIt

from reviewflow.reporting.page.html import html_page
from reviewflow.reporting.page.markdown import markdown_page, trend_markdown
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
        "imdb: F1 0.8100, +0.0100 since the completed run before",
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


def test_a_report_shows_the_main_figures_once_there_are_two_runs() -> None:
    figures = {"test.f1": 0.8, "test.recall": 0.7, "rows": 1000.0, "seconds": 5.0}
    first, second = point(1, figures), point(2, figures | {"test.f1": 0.9})
    scored = [point(3, {"drift.tokens": 0.3, "rows": 5.0}, chance={"drift.tokens": 0.1})]
    run = {"run_id": "r", "job": "sentiment", "state": "completed"}
    alone = trend([first, point(2, {}, state="failed")], [])
    assert "runs of this configuration" not in html_page(run, None, alone)
    assert "runs of this configuration" not in html_page(run, None)
    page = Reader(html_page(run, None, trend([first, second], scored)))
    text = markdown_page(run, None, trend([first, second], scored))
    for shown in (page.text, text):
        assert "The last 2 runs of this configuration" in shown
        assert "0.9000" in shown
        assert "rift of lengths" in shown
        assert "ecall" not in shown
        assert "rows scored" not in shown.lower()
    assert page.tags.count("svg") == 4


def test_a_trend_is_markdown_for_prefect() -> None:
    last = point(2, {"test.f1": 0.9, "rows": 5.0}, run_id=NASTY, best=NASTY, error=NASTY)
    failed = point(3, {}, state="failed", error=NASTY)
    scored = [point(4, {"drift.tokens": 0.3, "rows": 7.0}, chance={"drift.tokens": 0.1})]
    text = trend_markdown(trend([point(1, {"test.f1": 0.8}), last, failed], scored, name=NASTY))
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = {child.type for token in tokens for child in token.children or []}
    assert not kinds & {"html_inline", "link_open", "image", "em_open", "strong_open"}
    assert "html_block" not in {token.type for token in tokens}
    assert "| F1 | ▁█· | 0.9000 |" in text
    assert "0.30, more than chance (0.10)" in text
    assert "rows scored" in text
    assert "| failed: &lt;script&gt;" in text


def test_each_run_links_its_report_and_the_page_the_list_of_runs() -> None:
    found = trend([point(1, {"test.f1": 0.8}), point(2, {}, state="cancelled")], [])
    page = Reader(trend_page(found, {"run-1": "../runs/run-1/report.html"}, "../"))
    assert page.addresses == ["../", "../runs/run-1/report.html"]
    assert "imdb: no run has figures yet" in Reader(trend_page(trend([], []))).text
