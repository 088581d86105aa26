"""``reviewflow trend`` as a person and a script see it, over a thousand nights."""

from pathlib import Path
from unittest.mock import patch

import pytest

from tests.flows.commands.invoke import asked, assert_plain, call
from tests.reviewflow.runs.nightly_runs import write_nightly_runs


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts of a thousand nights."""
    artifacts = tmp_path_factory.mktemp("nights")
    write_nightly_runs(artifacts / "runs", scored_every=50)
    return artifacts


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts of ten nights."""
    artifacts = tmp_path_factory.mktemp("few")
    write_nightly_runs(artifacts / "runs", 10, scored_every=5)
    return artifacts


def test_a_thousand_nights_are_a_screen_and_a_page(nights: Path) -> None:
    shown = call(nights, "trend")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[0].startswith("nightly: ROC AUC 0.9")
    assert lines[1].startswith("1,000 runs: ")
    assert lines[1].endswith("2024-01-01 to 2026-09-26.")
    for title in ("ROC AUC ", "accuracy ", "rows ", "share of positive ", "duration ", "drift of"):
        assert any(line.startswith(title) for line in lines), title
    assert "┊" in next(line for line in lines if line.startswith("ROC AUC "))
    assert max(map(len, lines[:-1])) <= 80
    assert len(lines) < 35
    page = Path(lines[-1].removeprefix("Page: "))
    assert page.parent == nights / "trends"
    assert "1,000 runs" in page.read_text(encoding="utf-8")
    assert page.stat().st_size < 1_000_000


def test_json_has_every_run_and_writes_nothing(nights: Path) -> None:
    before = set(nights.rglob("*.html"))
    content = asked(nights, "trend", "nightly")
    assert len(content["runs"]) == 1000
    assert len(content["scored"]) == 20
    assert set(nights.rglob("*.html")) == before


def test_the_page_goes_where_it_is_wanted(few: Path, tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.html"
    assert call(few, "trend", "reviews", "--output", str(page)).exit_code == 0
    assert "Files scored with reviews" in page.read_text(encoding="utf-8")
    (tmp_path / "file").touch()
    refused = call(few, "trend", "reviews", "--output", str(tmp_path / "file" / "page.html"))
    assert "cannot be written" in assert_plain(refused, 2)


def test_an_unknown_name_is_a_sentence(few: Path, tmp_path: Path) -> None:
    assert "did you mean nightly?" in assert_plain(call(few, "trend", "nigthly"), 2)
    assert "There is no run" in assert_plain(call(tmp_path, "trend"), 2)
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_without_blocks_gets_figures(few: Path) -> None:
    with patch("flows.commands.trend.fits_encoding", return_value=False):
        text = call(few, "trend").stdout
    assert "█" not in text
    assert "ROC AUC " in text
