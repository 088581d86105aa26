"""The shipped suite of scoring warns of drift, and stops files of blanks."""

from pathlib import Path
from typing import Any

import pytest

from reviewflow.errors import QualityError
from reviewflow.quality.suites import read_suite, with_limits
from reviewflow.scoring.score_checks import SCORED_COLUMNS, TRAIT_NAMES, check_scored, scored_row

SUITE = Path(__file__).parents[3] / "configs/expectations/scoring.yaml"


def drift(index: float, chance: float = 0.01) -> dict[str, Any]:
    return {
        "unknown_share": 0.1,
        **{trait: {"psi": index, "chance": chance} for trait in TRAIT_NAMES},
    }


def test_drift_warns_unless_it_is_within_chance() -> None:
    suite = read_suite(SUITE, SCORED_COLUMNS)
    far = check_scored(suite, scored_row(100, 0, drift(0.3)))
    assert [one["column"] for one in far if not one["success"]] == [
        f"psi_{trait}" for trait in TRAIT_NAMES
    ]
    near = check_scored(suite, scored_row(100, 0, drift(0.3, chance=0.4)))
    assert all(one["success"] for one in near)


def test_a_limit_makes_drift_an_error() -> None:
    suite = with_limits(read_suite(SUITE, SCORED_COLUMNS), {"max_psi_labels": 0.25})
    with pytest.raises(QualityError, match=r"psi_labels is 0\.3"):
        check_scored(suite, scored_row(100, 0, drift(0.3)))


def test_mostly_blank_files_are_stopped() -> None:
    suite = read_suite(SUITE, SCORED_COLUMNS)
    with pytest.raises(QualityError, match=r"blank_share is 0\.6"):
        check_scored(suite, scored_row(100, 60, None))
