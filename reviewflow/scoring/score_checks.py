"""Check the rows of a file by a suite, before its scores get their name.

counts, drift ─▶ frame `scored`, one row ─ suite ─▶ results; a failed error stops the file
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reviewflow.errors import QualityError

if TYPE_CHECKING:
    from reviewflow.quality.suites import Suite

TRAIT_NAMES = ("tokens", "unknown", "scores", "labels")
SCORED_COLUMNS = {
    "scored": (
        "rows",
        "blank_share",
        "unknown_share",
        "psi_tokens",
        "psi_unknown",
        "psi_scores",
        "psi_labels",
    )
}


def scored_row(rows_in: int, rejects: int, drift: dict[str, Any] | None) -> dict[str, float]:
    """Return the columns of the frame; without a profile, of no drift.

    Parameters
    ----------
    drift : of ``drift_between``.
    """
    row: dict[str, float] = {
        "rows": rows_in,
        "blank_share": rejects / max(rows_in, 1),
        "unknown_share": drift["unknown_share"] if drift else 0.0,
    }
    for trait in TRAIT_NAMES:
        index, chance = (drift[trait]["psi"], drift[trait]["chance"]) if drift else (0.0, 0.0)
        row[f"psi_{trait}"] = index if index > chance else 0.0
    return row


def check_scored(suite: Suite, row: dict[str, float]) -> list[dict[str, Any]]:
    """Return the results of a suite on one file.

    Raises
    ------
    QualityError
        If an expectation of severity error failed.
    ConfigError
        If Great Expectations cannot evaluate one.
    """
    import pandas as pd

    from reviewflow.quality.frames import Frame
    from reviewflow.quality.validation import run_suite

    frame = Frame(pd.DataFrame([row]), lambda position: {})
    results, _ = run_suite(suite, {"scored": frame})
    found: list[dict[str, Any]] = results["results"]
    if not results["success"]:
        failed = [one for one in found if one["severity"] == "error" and not one["success"]]
        told = "; ".join(f"{_value(one['column'], row)} against: {one['asked']}" for one in failed)
        raise QualityError(
            f"The file fails its checks, so no scores were written: {told}. See whether it is the "
            f"right file and column, or change a limit of {suite.path}."
        )
    return found


def _value(column: str | None, row: dict[str, float]) -> str:
    """Return a column and its number, or the columns of an expectation on several or none."""
    return f"{column} is {row[column]:.3g}" if column in row else f"{column or 'the row'}"
