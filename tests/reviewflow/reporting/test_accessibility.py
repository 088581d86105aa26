"""Every kind of page is readable and accessible, light and dark, wide and on a phone."""

import copy
from pathlib import Path
from typing import Any

import pytest

from reviewflow.reporting.page.html import html_page
from reviewflow.reporting.page.trend_page import trend_page
from reviewflow.reporting.scoring_page.scoring_html import scoring_html_page
from tests.reviewflow.reporting.example import CHANGES, FOUR, Example, example
from tests.reviewflow.reporting.in_browser import assert_readable
from tests.reviewflow.reporting.page.test_trend_view import point, trend
from tests.reviewflow.reporting.scoring_page.scored_run import (
    failed_file,
    scored_file,
    scored_run,
)

pytestmark = pytest.mark.slow

SCREENS = 8  # at most, of 40 variants at 1440 px
PHONE = 12_500  # px at most, of 40 variants at 390 px
CAUSE = "There is not enough memory for train[tanh]. 40.0 GB were asked for at once"


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return example(tmp_path_factory.mktemp("chosen"), rows=1200, on="validation")


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """A run with four classes."""
    return example(tmp_path_factory.mktemp("classes"), rows=1200, classes=FOUR, on="validation")


@pytest.fixture(scope="module")
def pages(chosen: Example, classes: Example) -> dict[str, str]:
    """The HTML of each kind of page."""
    early = [run_that_ended(chosen.run, state) for state in ("failed", "cancelled")]
    return {
        "40 variants": html_page(many_variants(chosen.run), chosen.charts),
        "3 seeds": html_page(several_seeds(chosen.run), chosen.charts),
        "4 classes": html_page(foreign_names(classes.run), classes.charts),
        "failed": html_page(early[0], None),
        "cancelled": html_page(early[1], None),
        "scoring": scoring_html_page(
            scored_run(scored_file("Отзывы.csv", shift=4), failed_file("broken.csv"))
        ),
        "trend": trend_page(
            trend(
                [
                    point(1, {"test.f1": 0.8, "rows": 1000.0}),
                    point(2, {}, state="failed", error=CAUSE),
                    point(3, {}, state="cancelled"),
                    point(4, {"test.f1": 0.81, "rows": 1200.0}),
                ],
                [point(5, {"drift.tokens": 0.3}, chance={"drift.tokens": 0.1})],
            )
        ),
    }


def many_variants(run: dict[str, Any]) -> dict[str, Any]:
    """A run of 40 variants with long names, which hold commas."""
    first = run["variants"]
    names = [f"rate {n}, {one['name']}, epochs 20" for n in range(5) for one in first]
    variants = [{**first[n % len(first)], "name": name} for n, name in enumerate(names)]
    best = {**run["best"], "variant": variants[[*CHANGES].index(run["best"]["variant"])]["name"]}
    return {**run, "variants": variants, "best": best}


def several_seeds(run: dict[str, Any]) -> dict[str, Any]:
    copied = copy.deepcopy(run)
    for variant in copied["variants"]:
        variant["repeats"] = [{"seed": s, "metrics": variant["metrics"]} for s in range(3)]
    return copied


def foreign_names(run: dict[str, Any]) -> dict[str, Any]:
    """The same run, whose variants have names of other scripts."""
    copied = copy.deepcopy(run)
    old = [variant["name"] for variant in copied["variants"]]
    new = ["сеть с одним слоем", "ممتاز", "线性模型", *old[3:]]
    for variant, name in zip(copied["variants"], new, strict=True):
        variant["name"] = name
    copied["best"]["variant"] = new[old.index(run["best"]["variant"])]
    return copied


def run_that_ended(run: dict[str, Any], state: str) -> dict[str, Any]:
    """The same run, ended early in its fifth variant."""
    copied = copy.deepcopy(run) | {"state": state, "error": f"{CAUSE}.", "best": None}
    for number, variant in enumerate(copied["variants"]):
        variant["trained"] = number < 4
        if number >= 4:
            variant |= {"state": "skipped", "metrics": None, "kind": "", "diagnosis": None}
    if state == "failed":
        copied["variants"][4] |= {"state": "failed", "error": CAUSE}
    return copied


@pytest.mark.parametrize(("mode", "width"), [("light", 1280), ("dark", 1280), ("dark", 390)])
@pytest.mark.parametrize(
    "which", ["40 variants", "3 seeds", "4 classes", "failed", "cancelled", "scoring", "trend"]
)
def test_a_page_is_readable(
    which: str, mode: str, width: int, pages: dict[str, str], browser: Any, tmp_path: Path
) -> None:
    assert_readable(browser, pages[which], tmp_path / "page.html", mode, width)


@pytest.mark.parametrize(("width", "most"), [(1440, SCREENS * 900), (390, PHONE)])
def test_forty_variants_are_a_few_screens(
    width: int, most: int, pages: dict[str, str], browser: Any, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(pages["40 variants"], encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollHeight") <= most
    page.close()


def test_a_run_that_ended_early_names_what_failed(pages: dict[str, str]) -> None:
    assert "The run failed because of a variant: “tanh”." in pages["failed"]
    assert pages["failed"].count(CAUSE) == 2, "in the notice and in the table"
    assert "The run was cancelled: 4 of 8 variants are trained." in pages["cancelled"]
    assert CAUSE not in pages["cancelled"]
