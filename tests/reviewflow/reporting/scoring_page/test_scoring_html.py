"""The page of a score run: every fact, in a browser, whatever the files."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from reviewflow.reporting.scoring_page.scoring_html import scoring_html_page
from tests.reviewflow.reporting.in_browser import assert_readable
from tests.reviewflow.reporting.page.test_html import Reader
from tests.reviewflow.reporting.scoring_page.scored_run import (
    HOSTILE,
    failed_file,
    scored_file,
    scored_run,
)

CHECK = {"column": "rows", "asked": "rows at least 10", "observed": 3, "severity": "warning"}
LIVE = {
    "rows": 500, "accuracy": 0.7, "low": 0.66, "high": 0.74,
    "promised": 0.8, "promised_low": 0.78, "promised_high": 0.82,
}  # fmt: skip


def one() -> dict[str, Any]:
    return scored_run(scored_file("monday.csv"))


def several() -> dict[str, Any]:
    checks = [{**CHECK, "success": False}, {**CHECK, "success": True}]
    return scored_run(
        scored_file("Отзывы 27 ноября.csv", shift=4, live=LIVE),
        scored_file("空.csv", rows=0),
        scored_file("a.csv", checks=checks),
        scored_file("b.csv", state="kept", model_version="older", drift=None),
        failed_file("broken.csv"),
    )


def many() -> dict[str, Any]:
    files = [scored_file(f"{number}.csv", shift=number % 50 == 7) for number in range(398)]
    return scored_run(*files, failed_file("x.csv"), failed_file("y.csv"))


def hostile() -> dict[str, Any]:
    names = (HOSTILE, "плохо" * 40, *(f"class {number}" for number in range(38)))
    run = scored_run(scored_file(HOSTILE, classes=names), failed_file("e", HOSTILE))
    return {**run, "model": {"name": HOSTILE, "version": HOSTILE}}


RUNS = {"one": one, "several": several, "many": many, "hostile": hostile}


def test_the_page_has_every_figure() -> None:
    text = Reader(scoring_html_page(several())).text
    assert "record 2 opens a quote that is never closed" in text
    for words in ("Отзывы 27 ноября.csv", "空.csv", "scored before", "by version older"):
        assert words in text
    for file in several()["files"]:
        for trait in ("tokens", "unknown", "scores", "labels"):
            if file.get("drift") and file["drift"]["rows"]:
                assert f"{file['drift'][trait]['psi']:.2f}" in text
                assert f"{file['drift'][trait]['chance']:.3f}" in text
    assert "0.7000 0.6600 to 0.7400" in text
    assert "Rows at least 10" in text


def test_four_charts_for_all_rows_and_for_each_file_with_rows() -> None:
    assert scoring_html_page(one()).count('role="img"') == 4
    assert scoring_html_page(several()).count('role="img"') == 4 * 3


def test_ten_of_many_files_are_shown_and_the_page_stays_small() -> None:
    page = scoring_html_page(many())
    shown = page[page.index('<section id="files"') : page.index("<summary>390 more</summary>")]
    assert shown.count('<th scope="row">') == 10
    assert page.count('role="img"') < 4 * 25, "charts are drawn where rows differ"
    assert len(page.encode()) < 1_500_000


@pytest.mark.parametrize("which", RUNS)
def test_nothing_comes_from_outside_and_text_stays_text(which: str) -> None:
    page = scoring_html_page(RUNS[which]())
    reader = Reader(page)
    places = [urlsplit(address) for address in reader.addresses]
    assert not any(place.scheme or place.netloc for place in places)
    assert not {"script", "link", "img"} & set(reader.tags)
    assert "url(" not in page
    assert not any(mark in page for mark in ("\x1b", "\u202e", "None", "Undefined", "{%"))


@pytest.mark.parametrize("state", ["failed", "cancelled", "running", "completed"])
def test_a_run_without_files_has_a_page(state: str) -> None:
    run = {"run_id": "r1", "job": "score", "state": state, "error": "There is no file x.csv."}
    assert "There is no file x.csv." in Reader(scoring_html_page(run)).text


def test_equal_records_give_equal_bytes() -> None:
    assert scoring_html_page(several()) == scoring_html_page(several())


@pytest.mark.parametrize(
    ("which", "mode", "width"),
    [
        ("several", "dark", 390),
        ("several", "light", 1200),
        ("hostile", "dark", 390),
    ],
)
def test_the_page_in_a_browser(
    which: str, mode: str, width: int, browser: Any, tmp_path: Path
) -> None:
    html = scoring_html_page(RUNS[which]())
    assert_readable(browser, html, tmp_path / "report.html", mode, width)
