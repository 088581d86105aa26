"""The view of a score run: headline, tiles, and what to look at."""

from typing import Any

import pytest

from reviewflow.reporting.scoring_page.scoring_view import FIRST, run_drift, scoring_view
from tests.reviewflow.reporting.scoring_page.scored_run import failed_file, scored_file, scored_run


def test_the_headline_of_one_file() -> None:
    view = scoring_view(scored_run(scored_file("a.csv", rejects=0)))
    assert view.headline == "Scored 1,000 rows of 1 file with imdb 0123456789ab."
    assert view.notices == ()
    assert "1,000 rows scored now, beside the 2,000 validation rows" in view.drift_note


def test_the_headline_says_what_failed_and_what_differs() -> None:
    view = scoring_view(
        scored_run(scored_file("a.csv", shift=4), scored_file("b.csv"), failed_file("c.csv"))
    )
    assert view.headline == (
        "Scored 2,000 rows of 2 of 3 files with imdb 0123456789ab; 4 rejects; 1 file failed; "
        "lengths, unknown words and probabilities differ."
    )
    assert [notice.state for notice in view.notices] == ["failed", "warning", "warning"]
    assert view.notices[0].text.startswith("c.csv: record 2 opens a quote")
    assert view.notices[2].text == "a.csv differs from the validation rows."


def test_files_scored_before_are_not_part_of_what_is_compared() -> None:
    kept = scored_file("a.csv", shift=4, state="kept")
    drift = run_drift(scored_run(kept, scored_file("b.csv", rows=500)))
    assert drift is not None
    assert (drift.rows, drift.differing) == (500, ())
    drift = run_drift(scored_run(kept))
    assert drift is not None
    assert drift.rows == 1_000, "unless nothing was left to score"
    assert run_drift(scored_run({**kept, "model_version": "older"})) is None


def test_where_nothing_is_left_to_score() -> None:
    waiting = {"input": "inbox/w.csv", "output": "x", "state": "waiting", "error": None}
    view = scoring_view(scored_run(scored_file("a.csv", state="kept"), waiting))
    assert view.headline == (
        "No file was scored with imdb 0123456789ab: 1 scored before, 1 left for a later run."
    )


def test_without_a_profile_nothing_is_compared() -> None:
    view = scoring_view(scored_run(scored_file("a.csv", drift=None)))
    assert view.drift is None
    assert "no profile" in view.drift_note


@pytest.mark.parametrize(
    ("state", "words"),
    [("failed", "failed"), ("cancelled", "cancelled"), ("running", "not scored")],
)
def test_a_run_that_got_nowhere(state: str, words: str) -> None:
    run: dict[str, Any] = {"run_id": "r", "state": state, "error": "There is no file x.csv."}
    view = scoring_view(run)
    assert words in view.headline
    assert view.tiles == ()
    assert view.notices[0].text == "There is no file x.csv."


def test_many_failures_are_cut_after_the_first_ten() -> None:
    files = [failed_file(f"{number}.csv") for number in range(25)]
    notices = scoring_view(scored_run(*files)).notices
    assert len(notices) == FIRST + 1
    assert notices[-1].text == "And 15 more, in the tables below."


def test_a_check_that_failed_is_a_notice_unless_another_says_the_same() -> None:
    check = {"observed": 0.5, "severity": "warning", "success": False}
    names = ("psi_tokens", "psi_labels", "blank_share")
    checks = [{**check, "column": name, "asked": f"{name} at most 0.05"} for name in names]
    view = scoring_view(scored_run(scored_file("a.csv", shift=4, checks=checks)))
    texts = [notice.text for notice in view.notices]
    assert texts[:2] == [f"Not met: {name} at most 0.05. Seen: 0.5 (a.csv)." for name in names[1:]]
    assert texts[2].startswith("Lengths (")
    assert len(texts) == 3
    assert len(view.checks) == 3


def test_checks_that_many_files_pass_are_one_line() -> None:
    check = {"column": "blank_share", "asked": "at most 0.05", "severity": "warning"}
    good, bad = ([{**check, "observed": "all of 1", "success": ok}] for ok in (True, False))
    files = [scored_file(f"{number}.csv", checks=good) for number in range(5)]
    view = scoring_view(scored_run(*files, scored_file("bad.csv", checks=bad)))
    assert [check.subject for check in view.checks] == ["bad.csv"]
    assert [check.subject for check in view.passed_checks] == ["5 files"]


def test_an_accuracy_below_the_promised_one_is_a_notice() -> None:
    live = {
        "rows": 500, "accuracy": 0.7, "low": 0.66, "high": 0.74,
        "promised": 0.8, "promised_low": 0.78, "promised_high": 0.82,
    }  # fmt: skip
    fall = {"column": "accuracy_fall", "asked": "at most 0", "observed": 0.04, "success": False}
    view = scoring_view(scored_run(scored_file("a.csv", live=live, checks=[fall])))
    assert [notice.text for notice in view.notices] == [
        "a.csv: the accuracy is lower than promised, 0.7000 (95 %: 0.6600 to 0.7400)."
    ]
    view = scoring_view(
        scored_run(scored_file("a.csv", live=live), scored_file("b.csv", live=live))
    )
    assert [notice.text for notice in view.notices] == [
        "The accuracy is lower than promised in a.csv and b.csv."
    ]
