"""The first screen: how the run ended, and what a person should look at, worst first."""

from typing import Any

import pytest

from reviewflow.reporting.page.check_table import quality_rows
from reviewflow.reporting.page.headline import headline_sentence, notices, summary_tiles
from reviewflow.reporting.page.stage_table import stage_rows
from reviewflow.reporting.page.variant_table import variant_rows

FAILED_CHECK = {"asked": "blank is false", "suite": "reviews", "success": False, "observed": "3"}


def notices_of(run: dict[str, Any]) -> list[tuple[str, str]]:
    rows = notices(run, quality_rows(run), variant_rows(run), stage_rows(run))
    return [(notice.state, notice.text) for notice in rows]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("failed", "The run failed."),
        ("cancelled", "The run was cancelled before it finished."),
        ("completed", "The run completed."),
        ("running", "The run has not finished yet."),
    ],
)
def test_a_run_without_a_best_variant(state: str, sentence: str) -> None:
    assert headline_sentence({"state": state}, None, ()) == sentence


def test_an_error_comes_first_and_repeats_no_check() -> None:
    run = {"error": "1 check failed:\n\na table", "quality": [FAILED_CHECK]}
    assert notices_of(run) == [
        ("failed", "1 check failed."),
        ("failed", "Blank is false (reviews), seen 3."),
    ]
    assert notices_of({"error": "No file.\n\nMore."})[0][1].endswith("More.")


def test_failed_stages_are_named_where_there_is_no_error() -> None:
    run = {
        "stages": [{"stage": "train", "state": "failed"}],
        "variants": [{"name": "relu", "state": "failed"}],
    }
    assert notices_of(run) == [
        ("failed", "The stage train failed."),
        ("failed", "Not trained to the end: relu."),
    ]


def test_tiles_count_rows_checks_and_stages() -> None:
    run = {
        "quality": [FAILED_CHECK, {**FAILED_CHECK, "severity": "warning"}, {"success": True}],
        "stages": [{"stage": "a", "state": "ran"}, {"stage": "b", "state": "cached"}],
    }
    classes = {"train": {"positive": 1500, "negative": 400}, "test": {"positive": 9}}
    data = {"classes": classes, "missing": {"train": 100, "test": 0}}
    tiles = summary_tiles(run, data, None, quality_rows(run), stage_rows(run))
    assert [(tile.name, tile.value, tile.note, tile.state) for tile in tiles] == [
        ("Reviews", "2,009", "2,000 train, 9 test", ""),
        ("Checks passed", "1 of 3", "1 failed and 1 warning", "failed"),
        ("Changed stages", "1 of 2", "1 of 2 steps ran", ""),
    ]
