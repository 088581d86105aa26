"""The first screen: how the run ended, and what a person should look at, worst first."""

import pytest

from reviewflow.reporting.page.check_table import quality_rows
from reviewflow.reporting.page.headline import (
    check_notices,
    headline_sentence,
    summary_tiles,
    warning_sentences,
)
from reviewflow.reporting.page.stage_table import stage_rows

FAILED_CHECK = {"asked": "blank is false", "suite": "reviews", "success": False, "observed": "3"}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [("completed", "The run completed."), ("running", "The run has not finished yet.")],
)
def test_a_run_without_a_best_variant(state: str, sentence: str) -> None:
    assert headline_sentence({"state": state}, None, (), (), ()) == sentence


def test_tiles_count_rows_checks_and_stages() -> None:
    run = {
        "seconds": 65.2,
        "quality": [FAILED_CHECK, {**FAILED_CHECK, "severity": "warning"}, {"success": True}],
        "stages": [{"stage": "a", "state": "ran"}, {"stage": "b", "state": "cached"}],
    }
    classes = {"train": {"positive": 1500, "negative": 400}, "test": {"positive": 9}}
    data = {"classes": classes, "missing": {"train": 100, "test": 0}}
    tiles = summary_tiles(run, data, None, (), quality_rows(run), stage_rows(run))
    assert [(tile.name, tile.value, tile.note, tile.state) for tile in tiles] == [
        ("Reviews", "2,009", "2,000 train, 9 test", ""),
        ("Checks passed", "1 of 3", "1 failed and 1 warning", "failed"),
        ("Time", "1 min 5 s", "1 of 2 stages did work", ""),
    ]


def test_checks_of_two_suites_that_say_the_same_are_told_once() -> None:
    labelled = {**FAILED_CHECK, "notes": "Every text is filled."}
    run = {"quality": [labelled, {**labelled, "suite": "features"}, FAILED_CHECK]}
    assert [notice.text for notice in check_notices(quality_rows(run))] == [
        "Not met: every text is filled. Asked: blank is false. Seen: 3 (reviews and features).",
        "Not met: blank is false. Seen: 3 (reviews).",
    ]


def test_warnings_are_one_sentence_for_the_console() -> None:
    warning = {**FAILED_CHECK, "severity": "warning", "notes": "Every text is filled. Or not."}
    others = [{**warning, "notes": f"Note {number}."} for number in range(3)]
    assert warning_sentences({"quality": [FAILED_CHECK, {"success": True}]}) == ()
    same = [warning, {**warning, "suite": "features"}, FAILED_CHECK]
    assert warning_sentences({"quality": same}) == (
        "1 check gave a warning: every text is filled, seen: 3.",
    )
    (sentence,) = warning_sentences({"quality": [*same, *others]})
    assert sentence.startswith("4 checks gave a warning: every text")
    assert sentence.endswith("note 1, seen: 3; and 1 more.")
