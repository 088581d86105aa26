"""The table of files: what needs attention first, and figures as they are."""

import pytest

from reviewflow.reporting.scoring_page.file_table import file_rows, label_shares, shared_folder
from tests.reviewflow.reporting.scoring_page.scored_run import failed_file, scored_file, scored_run

LIVE = {"rows": 500, "accuracy": 0.8, "low": 0.76, "high": 0.83}


def test_failed_files_come_first_and_then_those_that_differ_most() -> None:
    run = scored_run(
        scored_file("a.csv"),
        scored_file("b.csv", shift=2),
        scored_file("c.csv", rows=0),
        scored_file("d.csv", shift=4),
        failed_file("e.csv"),
    )
    assert [row.name[0] for row in file_rows(run)] == ["e", "d", "b", "a", "c"]


def test_a_check_that_failed_comes_before_drift() -> None:
    check = {"column": "rows", "asked": "rows at least 10", "observed": 3, "success": False}
    run = scored_run(
        scored_file("a.csv", shift=4),
        scored_file("b.csv", checks=[{**check, "severity": "warning"}]),
        scored_file("c.csv", checks=[{**check, "severity": "critical"}]),
    )
    rows = file_rows(run)
    assert [row.name[0] for row in rows] == ["c", "b", "a"]
    assert [row.checks[0].state for row in rows[:2]] == ["failed", "warning"]
    assert rows[0].checks[0].asked == "Rows at least 10"
    assert rows[0].checks[0].observed == "3"


def test_what_became_of_a_file_stands_with_its_name() -> None:
    waiting = {"input": "inbox/w.csv", "output": "x", "state": "waiting", "error": None}
    rows = file_rows(
        scored_run(
            scored_file("a.csv", state="kept", model_version="older"),
            waiting,
            {**waiting, "state": "busy"},
            failed_file("плохо.csv", "it is broken."),
        )
    )
    assert [(row.name, row.state, row.note) for row in rows] == [
        ("плохо.csv", "failed", "it is broken."),
        ("a.csv", "scored before", "by version older"),
        ("w.csv", "waiting", "changed moments ago, so a later run scores it"),
        ("w.csv", "busy", "another process is scoring it"),
    ]
    assert {
        (row.rows, row.rejects, row.labels) for row in rows if row.state != "scored before"
    } == {("–", "–", "–")}


def test_names_are_below_the_folder_that_all_share() -> None:
    assert shared_folder(["a/b/x.csv", "a/c/y.csv"]) == "a"
    assert shared_folder(["x.csv"]) == ""
    assert shared_folder([]) == ""
    assert shared_folder(["/a/x.csv", "b/y.csv"]) == ""
    run = scored_run(scored_file("mon/x.csv"), scored_file("tue/x.csv"))
    assert {row.name for row in file_rows(run)} == {"mon/x.csv", "tue/x.csv"}


def test_shares_of_labels() -> None:
    assert label_shares({"no": 1, "yes": 3}) == "no 25 %, yes 75 %"
    assert label_shares({"no": 0, "yes": 0}) == "–"
    many = {f"class {number}": number for number in range(10)}
    assert label_shares(many) == "class 9 20 %, class 8 18 %, class 7 16 %, 7 others 47 %"


@pytest.mark.parametrize(
    ("promised", "verdict", "state"),
    [
        ((0.90, 0.88, 0.92), "lower than promised", "warning"),
        ((0.84, 0.82, 0.86), "as promised", "passed"),
        ((0.70, 0.68, 0.72), "higher than promised", "passed"),
        ((None, None, None), "nothing was promised", "quiet"),
    ],
)
def test_accuracy_on_labels_is_compared_by_intervals(
    promised: tuple[float | None, ...], verdict: str, state: str
) -> None:
    names = ("promised", "promised_low", "promised_high")
    live = {**LIVE, **dict(zip(names, promised, strict=True))}
    (row,) = file_rows(scored_run(scored_file("a.csv", live=live)))
    assert row.live is not None
    assert (row.live.verdict, row.live.state) == (verdict, state)
    assert row.live.accuracy.words == "0.8000 (95 %: 0.7600 to 0.8300)"


def test_records_of_before_have_neither_drift_nor_checks() -> None:
    file = scored_file("a.csv")
    del file["drift"]
    (row,) = file_rows(scored_run(file))
    assert (row.drift, row.checks, row.live) == (None, (), None)
