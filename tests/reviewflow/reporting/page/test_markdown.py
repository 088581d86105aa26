"""Markdown: the same facts, and text from data that no Markdown reader takes for markup."""

from pathlib import Path

import pytest
from hypothesis import example as given_example
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reviewflow.formatting import visible
from reviewflow.reporting.page.markdown import markdown_page, markdown_text
from tests.reviewflow.reporting.example import FOUR, NASTY, Example, example, nasty

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HARMLESS = {"text", "text_special", "softbreak"}
MARKUP = st.text(alphabet="ab1 *_`~[]()<>!#|\\&;:/.-+=@$^{}\n\t\"'www&lt;é\x1b\u202e", max_size=30)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return example(tmp_path_factory.mktemp("plain"), rows=1200)


def inline(token: Token) -> str:
    """The text of an inline token; fails on anything that is more than text."""
    children = token.children or []
    assert {child.type for child in children} <= HARMLESS, children
    return "".join(child.content for child in children)


@given(MARKUP)
@given_example("1. a")
@given_example("- a")
@given_example("+ a")
@given_example("12) a")
@given_example("---")
@given_example("=====")
@given_example("<!-- a -->")
@given_example("[a](javascript:b)")
@given_example("&amp;#65;")
@given_example("a\\|b\\\\|c")
def test_text_comes_back_as_it_was(text: str) -> None:
    wanted = " ".join(visible(text).split())
    alone = READER.parse(markdown_text(text))
    assert [token.type for token in alone] in (
        [],
        ["paragraph_open", "inline", "paragraph_close"],
    )
    assert "".join(inline(token) for token in alone if token.type == "inline") == wanted
    table = READER.parse(f"| a | b |\n| --- | --- |\n| x {markdown_text(text)} y | z |")
    cells = [inline(token) for token in table if token.type == "inline"]
    assert cells == ["a", "b", f"x {wanted} y", "z"]


def test_addresses_become_no_links() -> None:
    assert markdown_text("see https://a.b and www.c.d") == "see https\\://a.b and www\\.c.d"


def test_the_same_facts_as_on_the_page(made: Example) -> None:
    text = markdown_page(made.run, made.charts)
    tokens = READER.parse(text)
    cells = [token.content for token in tokens if token.type == "inline"]
    for variant in made.run["variants"]:
        assert variant["diagnosis"] in cells
        score = f"{variant['metrics']['test']['roc_auc']:.4f} ("
        assert any(cell.startswith(score) for cell in cells), "with its interval"
    for conclusion in made.run["conclusions"]:
        assert markdown_text(conclusion["sentence"]) in text
    assert "| tanh | published | 0.8968 |" in text
    assert "train.epochs 10 → 20" in text
    assert "Normalised: a b film b br br" in text
    assert "Towards negative: awful −1.00" in text
    assert "«" in text
    assert "record 1017, duplicate yes; record 2331, duplicate yes" in cells
    assert "vectorize.max\\_features 5000 → 7000" in cells
    assert [token.type for token in tokens].count("table_open") == 8
    assert [token.type for token in tokens].count("fence") == 1


def test_several_classes_have_a_table_each(tmp_path: Path) -> None:
    made = example(tmp_path, {"relu": "relu", "tanh": "tanh"}, 900, FOUR, "validation")
    text = markdown_page(made.run, made.charts)
    assert "| Rows | negative | neutral | positive | mixed feelings | no label |" in text
    assert "| Class | Rows | Precision | Recall | F1 | ROC AUC | Calibration error |" in text
    for name in FOUR:
        assert f"\nTowards {name}: " in text
    assert "## What is confused most often" in text
    tables = [token for token in READER.parse(text) if token.type == "table_open"]
    assert len(tables) == 9


def test_hostile_text_is_no_markup(tmp_path: Path) -> None:
    made = nasty(tmp_path)
    text = markdown_page(made.run, made.charts)
    tokens = READER.parse(text)
    assert "\x1b" not in text
    assert not [token for token in tokens if token.type == "html_block"]
    kinds = {child.type for token in tokens for child in token.children or []}
    assert kinds <= HARMLESS | {"strong_open", "strong_close", "em_open", "em_close"}
    bold = [
        (token.children or [])[position + 1].content
        for token in tokens
        for position, child in enumerate(token.children or [])
        if child.type == "strong_open"
    ]
    assert "x" not in bold
    rows = [line for line in READER.render(text).split("<tr>") if "<td" in line]
    widths = {row.count("<td") for row in rows}
    assert widths == {4, 5, 6, 17, 11}


def test_a_fence_in_the_configuration_does_not_close_the_block() -> None:
    run = {"run_id": "r", "job": "j", "state": "completed", "config": {"a": "```\n# x\n````\n"}}
    tokens = READER.parse(markdown_page(run))
    assert tokens[-1].type == "fence"
    assert "````" in tokens[-1].content


def test_a_run_that_got_nowhere() -> None:
    text = markdown_page({"run_id": "r1", "state": "failed", "error": NASTY})
    assert text.startswith("# The run failed.")
