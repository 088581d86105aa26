"""The page: every fact is there, nothing comes from outside, text from data stays text."""

import copy
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from reviewflow.reporting.page.html import html_page
from tests.reviewflow.reporting.example import FOUR, Example, example, nasty
from tests.reviewflow.reporting.in_browser import assert_readable

LOADING = {"src", "srcset", "href", "xlink:href", "action", "data", "poster"}


class Reader(HTMLParser):
    """The texts, addresses and scripts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in LOADING]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return example(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """A run whose best variant was chosen on validation rows."""
    return example(tmp_path_factory.mktemp("chosen"), rows=1200, on="validation")


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """A run with four classes."""
    return example(tmp_path_factory.mktemp("several"), rows=2000, classes=FOUR, on="validation")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return nasty(tmp_path_factory.mktemp("nasty"))


def test_the_page_tells_every_fact(made: Example) -> None:
    text = Reader(html_page(made.run, made.charts)).text
    assert "tanh is the best of 8 variants" in text
    assert "data/raw/imdb_reviews.csv" in text
    for variant in made.run["variants"]:
        assert variant["name"] in text
        assert variant["diagnosis"] in text
        for split in ("train", "test"):
            for metric in ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss"):
                assert f"{variant['metrics'][split][metric]:.4f}" in text
    for check in made.run["quality"]:
        assert check["observed"] in text
    assert "record 1017, duplicate yes" in text
    assert "new rows (part 2)" in text
    assert "features gave other bytes (sigmoid, tanh, leaky relu and 2 others)" in text
    assert "4 of 8 variants did not learn: relu rate 0.001, sigmoid and 2 others" in text
    assert "on these same rows (select.on: test), which flatters it a little" in text
    assert "torch 2.13.0" in text
    assert "learning_rate: 0.01" in text


def test_the_page_concludes_and_explains(made: Example) -> None:
    page = html_page(made.run, made.charts)
    text = Reader(page).text
    assert len(made.run["conclusions"]) == 4
    for conclusion in made.run["conclusions"]:
        assert conclusion["sentence"] in text
    assert "train.epochs 10 → 20" in text, "what changed since the last run"
    assert "Published figures beside ours" in text
    assert "0.8968" in text
    assert "Published: a write-up." in text
    compared = json.loads((made.charts / "comparisons.json").read_text())
    low, high = (compared["variants"][4]["roc_auc"][end] for end in ("low", "high"))
    assert f"95 %: {low:.4f} to {high:.4f}" in text
    assert "Labelled negative" in text
    assert "Labelled positive" in text
    assert "A <b>film</b>" in text, "a drawn review, as it was read"
    assert "a b film b br br" in text, "and as the network reads it"
    assert re.search(r'<mark title="\+1.00">(great|fine|lovely|superb)</mark>', page)
    assert page.count('role="img"') == 10, "every chart that has something to show"
    order = [text.index(title) for title in ("Conclusions", "Worth a look", "Since the last run")]
    assert max(order) < text.index("Data and settings"), "on the first screen"


def test_the_rows_of_the_choice_come_first_and_the_others_are_folded(chosen: Example) -> None:
    page = html_page(chosen.run, chosen.charts)
    text = Reader(page).text
    best = chosen.run["best"]["variant"]
    metrics = {v["name"]: v["metrics"] for v in chosen.run["variants"]}
    rows = {split: metrics[best][split]["rows"] for split in ("validation", "test")}
    assert f"Measured on {rows['test']:,} test rows (95 % of ROC AUC: 0." in text
    assert f"chosen by ROC AUC on {rows['validation']:,} other rows (validation)" in text
    shown, folded = page.split("<summary>Figures on the test and the training rows</summary>")
    table = shown[shown.index('<section id="variants"') :]
    assert "Validation rows" in table
    assert "majority class" in table
    for name, own in metrics.items():
        assert f"{own['validation']['log_loss']:.4f}" in table, name
        assert f"{own['test']['log_loss']:.4f}" not in table, name
        assert f"{own['test']['log_loss']:.4f}" in folded, name


def test_several_classes_are_shown_by_name(several: Example) -> None:
    page = html_page(several.run, several.charts)
    text = Reader(page).text
    best = several.run["best"]["variant"]
    (figures,) = (v["metrics"]["test"] for v in several.run["variants"] if v["name"] == best)
    for name, own in zip(FOUR, figures["classes"], strict=True):
        row = f"{name} {own['rows']:,} {own['precision']:.4f} {own['recall']:.4f} {own['f1']:.4f}"
        assert row in text
        assert f"Towards {name}" in text
        assert f"labelled {name}" in text
    assert "macro ROC AUC" in text
    assert "neutral is taken for positive in " in text
    assert "predicted positive, P(positive) 0." in text
    assert "4 training reviews, drawn at random" in text
    assert page.count('role="img"') == 10, "every chart that has something to show"


def test_with_one_variant_nothing_is_chosen(tmp_path: Path) -> None:
    alone = example(tmp_path, {"tanh": "tanh"}, rows=600, on="validation")
    page = html_page(alone.run, alone.charts)
    text = Reader(page).text
    for words in ("chosen", "is the best", "The best variant:", "of the best,"):
        assert words not in text
    assert 'class="badge best"' not in page
    assert "Figures on the validation and the training rows" in text


@pytest.mark.parametrize("which", ["made", "hostile"])
def test_nothing_comes_from_outside(which: str, request: pytest.FixtureRequest) -> None:
    run = request.getfixturevalue(which)
    page = html_page(run.run, run.charts)
    reader = Reader(page)
    places = [urlsplit(address) for address in reader.addresses]
    assert not any(place.scheme or place.netloc for place in places)
    assert "link" not in reader.tags
    assert "img" not in reader.tags
    assert reader.tags.count("script") == 1
    assert "@import" not in page
    assert not reader.handlers
    assert page.count("url(") == page.count("url(#")
    assert len(page.encode()) < 2_000_000


def test_text_from_data_stays_text(hostile: Example) -> None:
    page = html_page(hostile.run, hostile.charts)
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | **x** ␛[31mred␛[0m ⟨U+202E⟩evil" in page
    assert "{{ 7 * 7 }}" in Reader(page).text


def test_templates_leave_no_placeholder(made: Example) -> None:
    page = html_page(made.run, made.charts)
    assert not any(mark in page for mark in ("{{", "}}", "{%", "%}", "None", "Undefined"))


def test_renaming_a_variant_changes_the_page_and_no_chart(made: Example) -> None:
    run = copy.deepcopy(made.run)
    run["variants"][2]["name"] = "a new name"
    text = Reader(html_page(run, made.charts)).text
    assert "a new name 0.693" in text
    assert "relu rate 0.001 0.693" not in text


def test_variants_with_one_key_share_a_line(made: Example) -> None:
    run = copy.deepcopy(made.run)
    duplicate = copy.deepcopy(run["variants"][0])
    run["variants"].insert(1, duplicate | {"name": "relu again"})
    text = Reader(html_page(run, made.charts)).text
    assert "relu = relu again 0.2" in text
    assert "zero weights 0.693" in text


def test_spread_over_seeds_is_shown(made: Example) -> None:
    run = copy.deepcopy(made.run)
    several = [{"test": {"accuracy": value}, "train": {}} for value in (0.88, 0.89, 0.90)]
    run["variants"][4]["repeats"] = [{"seed": s, "metrics": m} for s, m in enumerate(several)]
    assert "± 0.0100" in Reader(html_page(run, made.charts)).text


@pytest.mark.parametrize("state", ["failed", "cancelled", "running"])
def test_a_run_that_got_nowhere_still_has_a_page(state: str) -> None:
    run: dict[str, Any] = {"run_id": "r1", "job": "sentiment", "state": state, "error": None}
    text = Reader(html_page(run, None)).text
    assert "The run" in text
    run |= {
        "error": "There is no file data/raw/x.csv; check the path.",
        "variants": [],
        "best": None,
    }
    assert "There is no file data/raw/x.csv" in Reader(html_page(run, None)).text


def test_a_failed_check_is_told_once_and_first(made: Example) -> None:
    run = copy.deepcopy(made.run) | {"state": "failed", "best": None, "variants": []}
    run["error"] = "The suite failed 1 check:\n\nseverity  asked\n────────"
    run["quality"][4] |= {"severity": "error"}
    page = html_page(run, None)
    text = Reader(page).text
    assert "────" not in text
    assert text.count("The suite failed 1 check.") == 1
    assert text.index("Asked: duplicate false in at least") < text.index("The suite failed 1")


def test_filling_the_page_imports_no_chart_library(made: Example) -> None:
    code = (
        "import sys, reviewflow.reporting.page.html, reviewflow.reporting.page.markdown;"
        "print([m for m in ('matplotlib', 'sklearn', 'pandas', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("which", "mode", "width"),
    [
        ("made", "light", 1280),
        ("made", "dark", 360),
        ("hostile", "dark", 360),
        ("chosen", "light", 768),
        ("several", "light", 1280),
        ("several", "dark", 360),
    ],
)
def test_in_a_browser(
    which: str, mode: str, width: int, browser: Any, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    run = request.getfixturevalue(which)
    html = html_page(run.run, run.charts)
    assert_readable(browser, html, tmp_path / "report.html", mode, width)


def test_the_table_of_variants_sorts(made: Example, browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html_page(made.run, made.charts), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())

    def order() -> list[str]:
        return [text.split("\n")[0] for text in shown.locator("tbody .name").all_inner_texts()]

    names = [variant["name"] for variant in made.run["variants"]]
    shown = page.locator(".variants").first
    page.get_by_role("button", name="ROC AUC").first.press("Enter")
    scores = {v["name"]: v["metrics"]["test"]["roc_auc"] for v in made.run["variants"]}
    assert [n.removesuffix(" BEST").removesuffix(" best") for n in order()] == sorted(
        names, key=lambda name: -scores[name]
    )
    page.get_by_role("button", name="Variant").first.press("Enter")
    page.get_by_role("button", name="Variant").first.press("Enter")
    assert [n.removesuffix(" best") for n in order()] == names
    page.close()
