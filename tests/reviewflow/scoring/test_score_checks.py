"""The shipped suite of scoring warns of drift, and stops files of blanks."""

from pathlib import Path
from typing import Any

import pytest

from reviewflow.errors import ConfigError, QualityError
from reviewflow.scoring.drift import TRAITS
from reviewflow.scoring.score_checks import check_scored, check_suite, scored_row
from tests.reviewflow.scoring import SCORING_SUITE

INPUT = Path("monday.csv")


def drift(index: float, chance: float = 0.01) -> dict[str, Any]:
    traits = {trait: {"psi": index, "chance": chance} for trait in TRAITS}
    return {"unknown_share": 0.1, **traits}


def failed(row: dict[str, float], **limits: float) -> list[str]:
    """Return the columns whose warnings failed."""
    results = check_scored(SCORING_SUITE, limits, INPUT, row)
    return [str(one["column"]) for one in results if not one["success"]]


def test_drift_warns_unless_it_is_within_chance() -> None:
    assert failed(scored_row(100, 0, drift(0.3), None)) == [f"psi_{trait}" for trait in TRAITS]
    assert failed(scored_row(100, 0, drift(0.3, chance=0.4), None)) == []
    assert failed(scored_row(100, 0, drift(0.05), None)) == []


def test_a_limit_moves_a_warning() -> None:
    row = scored_row(100, 0, drift(0.3), None)
    assert failed(row, psi_tokens_warning=0.5, psi_labels_warning=0.35) == [
        "psi_unknown",
        "psi_scores",
    ]


def test_a_limit_makes_drift_an_error() -> None:
    with pytest.raises(QualityError) as caught:
        failed(scored_row(100, 0, drift(0.3), None), max_psi_labels=0.25)
    assert str(caught.value).startswith(
        "monday.csv fails its checks, so no scores were written: psi_labels is 0.3, against: "
    )


def test_mostly_blank_files_are_stopped() -> None:
    assert failed(scored_row(100, 10, None, None)) == ["blank_share"]
    with pytest.raises(QualityError, match=r"blank_share is 0\.6"):
        failed(scored_row(100, 60, None, None))


def test_a_fall_of_the_accuracy_is_told() -> None:
    assert failed(scored_row(100, 0, None, {"fall": 0.02})) == ["accuracy_fall"]
    assert failed(scored_row(100, 0, None, {"fall": 0.0})) == []


def test_suites_and_limits_are_checked_beforehand(tmp_path: Path) -> None:
    check_suite(SCORING_SUITE, {"max_psi_labels": 0.25})
    with pytest.raises(ConfigError, match=r"limits\.max_psi is not a limit of scoring\.yaml"):
        check_suite(SCORING_SUITE, {"max_psi": 0.25})
    with pytest.raises(ConfigError, match="cannot be read"):
        check_suite(tmp_path / "none.yaml", {})
