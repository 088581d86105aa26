"""The page of all runs: every run is there with its links, and text from data stays text."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from reviewflow.reporting.page.run_list_page import run_list_page, run_list_view
from reviewflow.runs.run_list import run_list
from tests.reviewflow.reporting.example import NASTY
from tests.reviewflow.reporting.in_browser import assert_readable
from tests.reviewflow.reporting.page.test_html import Reader
from tests.reviewflow.runs.nightly_runs import write_nightly_runs


def line(number: int, **fields: Any) -> dict[str, Any]:
    """One run, as run_list returns it."""
    return {
        "run_id": f"run-{number}",
        "job": "sentiment",
        "name": "imdb",
        "state": "completed",
        "error": None,
        "started": f"2026-11-{number:02}T04:30:00.000+01:00",
        "seconds": 65.0,
        "rows": 25_000,
        "best": "relu",
        "metric": "f1",
        "score": 0.8,
        "change": None,
        "version": None,
        "promoted": False,
        "scored_as": None,
        "pages": {},
    } | fields


def listed(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A list of runs."""
    names = sorted({(each["name"], each["job"]) for each in lines})
    head = {"name": None, "job": None, "before": None, "older": None}
    return head | {"total": len(lines), "runs": list(lines), "names": names} | fields


def test_a_run_has_its_figures_and_links() -> None:
    pages = {"Report": "runs/a b/report.html", "Trend": "trends/imdb-1.html"}
    trained = line(
        2, change=0.0123, pages=pages, version="3f9a12bc", promoted=True, scored_as="films"
    )
    scored = line(3, job="score", name="films", score=None, metric="roc_auc", version="3f9a12bc")
    failed = line(1, state="failed", error="Bad rows in a.csv. Mend them.\n─────", score=None)
    page = Reader(run_list_page(listed(scored, trained, failed), "/"))
    for words in (
        "2026-11-02 03:30",
        "imdb",
        "25,000",
        "0.8000",
        "+0.0123",
        "published 3f9a12bc, champion",
        "scored with 3f9a12bc",
        "1 min 5 s",
        "Bad rows in a.csv.",
        "F1",
        "scored with films",
    ):
        assert words in page.text, words
    assert "───" not in page.text
    assert "Mend" not in page.text
    assert {"/", "runs/a%20b/report.html", "trends/imdb-1.html"} <= set(page.addresses)
    assert "?name=films&job=score" in page.addresses
    assert "script" not in page.tags


def test_runs_judged_by_several_metrics_name_theirs() -> None:
    view = run_list_view(listed(line(1), line(2, metric="accuracy", score=0.5)))
    assert view.metric == "Score"
    assert [each.score for each in view.lines] == ["0.8000 F1", "0.5000 accuracy"]


def test_a_part_of_the_list_leads_to_the_others() -> None:
    found = listed(line(1), name="a&b", job="score", before="run-9", older="run-1", total=5000)
    view = run_list_view(found)
    assert view.title == "Runs of a&b"
    assert view.summary == "1 run of 5,000"
    assert parse_qs(urlsplit(view.older).query) == {
        "name": ["a&b"],
        "job": ["score"],
        "before": ["run-1"],
    }
    assert "before" not in view.newest
    assert run_list_view(listed(line(1), total=300)).summary == "the newest 1 of 300 runs"


def test_text_from_data_stays_text() -> None:
    text = dict.fromkeys(("job", "name", "state", "best", "version", "scored_as"), NASTY)
    hostile = line(1, **text, started=NASTY, error=NASTY, pages={NASTY: NASTY})
    page = Reader(run_list_page(listed(hostile, name=NASTY, job=NASTY, older=NASTY)))
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text
    assert page.handlers == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({}, "There is no run yet."), ({"name": "x", "total": 3}, "There is no such run.")],
)
def test_an_empty_list_is_a_sentence(fields: dict[str, Any], sentence: str) -> None:
    assert sentence in Reader(run_list_page(listed(**fields))).text


def test_a_phone_gets_titles_beside_the_figures() -> None:
    html = run_list_page(listed(line(1)))
    for title in ("Rows", "F1", "Best", "Took"):
        assert f'data-title="{title}"' in html


@pytest.mark.slow
def test_on_a_phone_cause_and_report_are_in_view(browser: Any, tmp_path: Path) -> None:
    pages = {"Report": "runs/a/report.html", "Trend": "trends/imdb-1.html"}
    failed = line(1, state="failed", error="The file a.csv has bad rows. " * 3, pages=pages)
    (tmp_path / "index.html").write_text(run_list_page(listed(failed, line(2, pages=pages))))
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto((tmp_path / "index.html").as_uri())
    sides = "[...document.querySelectorAll('td, td a')].map(e => e.getBoundingClientRect().right)"
    assert 0 < max(page.evaluate(sides)) < 390
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "width"), [("light", 1280), ("dark", 1280), ("dark", 360)])
def test_in_a_browser(mode: str, width: int, browser: Any, tmp_path: Path) -> None:
    write_nightly_runs(tmp_path / "runs", 60, scored_every=2)
    html = run_list_page(run_list(tmp_path), "http://127.0.0.1:4200")
    assert_readable(browser, html, tmp_path / "index.html", mode, width)
