"""The Markdown of a score run: the tables are tables, and text stays text."""

from reviewflow.reporting.scoring_page.scoring_markdown import scoring_markdown_page
from tests.reviewflow.reporting.scoring_page.scored_run import (
    HOSTILE,
    failed_file,
    scored_file,
    scored_run,
)


def test_the_table_of_drift() -> None:
    run = scored_run(scored_file("a.csv", shift=4))
    drift = run["files"][0]["drift"]["tokens"]
    page = scoring_markdown_page(run)
    assert f"| Lengths | {drift['psi']:.3f} | {drift['chance']:.3f} | large change |" in page


def test_every_row_of_a_table_has_its_columns() -> None:
    live = {"rows": 5, "accuracy": 0.7, "low": 0.2, "high": 0.9, "promised": None}
    check = {"asked": "rows | x", "observed": 1, "severity": "warning", "success": False}
    page = scoring_markdown_page(
        scored_run(
            scored_file(HOSTILE, live=live, checks=[check]),
            scored_file("b.csv", rows=0),
            failed_file("c|d.csv", "bad | worse\nworst"),
        )
    )
    lines = page.splitlines()
    columns = None
    for before, line in zip(["", *lines], lines, strict=False):
        if not line.startswith("|"):
            columns = None
            continue
        bars = line.replace("\\|", "").count("|")
        columns = columns or bars
        assert bars == columns, (before, line)
    assert "<script>" not in page
    assert r"\{\{ 7 \* 7 \}\}" in page


def test_a_run_without_files() -> None:
    page = scoring_markdown_page({"run_id": "r", "state": "failed", "error": "No model x."})
    assert page.startswith("# The run failed before it scored a file.")
    assert "No model x." in page
