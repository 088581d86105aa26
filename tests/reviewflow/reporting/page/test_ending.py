"""A run that ended early: what failed and why, what is finished, and what is not."""

from typing import Any

import pytest

from reviewflow.reporting.page.check_table import quality_rows
from reviewflow.reporting.page.ending import (
    ending_notices,
    ending_sentence,
    next_step,
    variant_tile,
)
from reviewflow.reporting.page.stage_table import stage_rows
from reviewflow.reporting.page.variant_table import variant_rows

CAUSE = "There is not enough memory for train[wide]"
CHECK = {"asked": "blank is false", "suite": "reviews", "success": False, "observed": "3"}


def variant(name: str, state: str, error: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "error": error, **more}


FAILED = {
    "state": "failed",
    "error": f"{CAUSE}.",
    "variants": [
        variant("relu", "ran"),
        variant("wide", "failed", CAUSE),
        variant("deep, wide", "failed", CAUSE),
        variant("last", "skipped", trained=False),
    ],
    "stages": [{"stage": "train", "state": "failed"}],
}
CANCELLED = {
    "state": "cancelled",
    "error": "The run was stopped; what was finished is kept, run again to go on.",
    "variants": [
        variant("relu", "ran"),
        variant("tanh", "skipped", trained=True),
        variant("slow", "skipped", trained=False),
    ],
    "stages": [{"stage": "ingest", "state": "ran"}, {"stage": "train", "state": "skipped"}],
}


def headline(run: dict[str, Any]) -> str:
    return ending_sentence(run, variant_rows(run), quality_rows(run), stage_rows(run))


def notices_of(run: dict[str, Any]) -> list[tuple[str, str]]:
    rows = ending_notices(run, variant_rows(run), quality_rows(run), stage_rows(run))
    return [(notice.state, notice.text) for notice in rows]


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ({"state": "failed"}, "The run failed."),
        (
            {"state": "failed", "stages": [{"stage": "split", "state": "failed"}]},
            "The run failed in the stage split.",
        ),
        (
            {"state": "failed", "quality": [CHECK]},
            "The run failed: 1 check of the data did not pass.",
        ),
        (FAILED, "The run failed because of variants: “wide” and “deep, wide”."),
        ({"state": "cancelled"}, "The run was cancelled before it finished."),
        (CANCELLED, "The run was cancelled: 2 of 3 variants are trained."),
        (
            {"state": "cancelled", "variants": [variant("slow", "skipped", trained=False)]},
            "The run was cancelled before its variant was trained.",
        ),
    ],
)
def test_the_headline_names_what_failed_or_how_far_it_came(
    run: dict[str, Any], sentence: str
) -> None:
    assert headline(run) == sentence


def test_variants_that_failed_are_named_with_their_cause_and_once() -> None:
    assert notices_of(FAILED) == [
        ("failed", f"“wide” and “deep, wide” failed: {CAUSE}."),
        ("warning", "Not trained: last."),
    ]
    other = {**FAILED, "error": "The disk is full."}
    assert notices_of(other)[0] == ("failed", "The disk is full.")
    assert next_step(FAILED, variant_rows(FAILED)).startswith("1 of 4 variants finished")
    tile = variant_tile(variant_rows(FAILED))
    assert (tile.value, tile.note, tile.state) == ("1 of 4", "2 failed, 1 not trained", "failed")


def test_a_cancelled_run_says_what_is_finished_and_goes_on() -> None:
    assert notices_of(CANCELLED) == [("note", "Trained: relu and tanh. Not trained: slow.")]
    assert next_step(CANCELLED, ()) == (
        "What was finished is kept. Run again: only what is missing is done."
    )
    tile = variant_tile(variant_rows(CANCELLED))
    assert (tile.value, tile.note) == ("1 of 3", "1 trained, not evaluated, 1 not trained")


def test_a_run_cancelled_before_training_counts_its_stages() -> None:
    run = {**CANCELLED, "variants": [variant("slow", "skipped", trained=False)]}
    assert notices_of(run) == [("note", "1 of 2 stages finished before.")]
    nothing = {**run, "stages": [{"stage": "ingest", "state": "skipped"}]}
    assert notices_of(nothing) == [("note", "None of 1 stage finished before.")]


def test_an_error_comes_first_and_repeats_no_check() -> None:
    run = {"state": "failed", "error": "1 check failed:\n\na table", "quality": [CHECK]}
    assert notices_of(run) == [("failed", "1 check failed.")]
    assert notices_of({"error": "No file.\n\nMore."})[0][1].endswith("More.")


def test_failed_stages_are_named_where_there_is_no_error() -> None:
    """A record of before has no cause for a variant."""
    run = {
        "stages": [{"stage": "train", "state": "failed"}],
        "variants": [{"name": "relu", "state": "failed"}],
    }
    assert notices_of(run) == [
        ("failed", "The stage train failed."),
        ("failed", "“relu” failed."),
    ]
