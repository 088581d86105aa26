"""Check the rows of a file by a suite, before its scores get their name.

counts, drift ─▶ frame `scored`, one row ─ suite ─▶ results; a failed error stops the file
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from functools import lru_cache
from os.path import exists
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reviewflow.errors import QualityError, unreadable_file
from reviewflow.quality.limits import check_limit_names
from reviewflow.scoring.drift import TRAITS

if TYPE_CHECKING:
    from reviewflow.quality.suites import Suite

FRAME = "scored"
SCORED_COLUMNS = {
    FRAME: (
        *("rows", "blank_share", "unknown_share", "accuracy_fall"),
        *("psi_tokens", "psi_unknown", "psi_scores", "psi_labels"),
    )
}
RECORDED = ("column", "asked", "observed", "severity", "success", "limit", "notes")


def check_suite(suite: Path, limits: Mapping[str, float]) -> None:
    """Raise ConfigError if a suite or one of its limits is missing.

    The suite itself is read where the first file is checked, since that imports the library.
    """
    if not exists(suite):
        raise unreadable_file("suite", suite, os.strerror(errno.ENOENT), "--suite")
    check_limit_names(limits, (suite,), "limits")


def scored_row(
    rows_in: int, rejects: int, drift: Mapping[str, Any] | None, live: Mapping[str, Any] | None
) -> dict[str, float]:
    """Return the columns of the frame.

    Without a profile or labels they say no change.

    Parameters
    ----------
    drift : as :func:`drift_between` has it.
    live : as :func:`live_accuracy` has it.
    """
    row: dict[str, float] = {
        "rows": rows_in,
        "blank_share": rejects / max(rows_in, 1),
        "unknown_share": drift["unknown_share"] if drift else 0.0,
        "accuracy_fall": live["fall"] if live else 0.0,
    }
    for trait in TRAITS:
        index, chance = (drift[trait]["psi"], drift[trait]["chance"]) if drift else (0.0, 0.0)
        row[f"psi_{trait}"] = index if index > chance else 0.0
    return row


def check_scored(
    suite: Path, limits: Mapping[str, float], path: Path, row: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return the results of a suite on one file.

    Parameters
    ----------
    path : of the file, for the error.

    Raises
    ------
    QualityError
        If an expectation of severity error failed.
    ConfigError
        If the suite is wrong.
    """
    import pandas as pd

    from reviewflow.quality.frames import Frame
    from reviewflow.quality.validation import run_suite

    frame = Frame(pd.DataFrame([row]), lambda position: {})
    results, _ = run_suite(_suite(suite, tuple(limits.items())), {FRAME: frame})
    found: list[dict[str, Any]] = results["results"]
    if not results["success"]:
        failed = [one for one in found if one["severity"] == "error" and not one["success"]]
        raise QualityError(
            f"{path} fails its checks, so no scores were written: "
            f"{'; '.join(_failure(one, row) for one in failed)}. See whether it is the right file "
            f"and column, or change a limit of {suite}."
        )
    return [{name: one[name] for name in RECORDED} for one in found]


@lru_cache(maxsize=4)
def _suite(path: Path, limits: tuple[tuple[str, float], ...]) -> Suite:
    from reviewflow.quality.suites import read_suite, with_limits

    return with_limits(read_suite(path, SCORED_COLUMNS), dict(limits))


def _failure(result: Mapping[str, Any], row: Mapping[str, float]) -> str:
    """Return what was observed, and what was asked."""
    column = result["column"]
    observed = f"{column} is {row[column]:.3g}" if column in row else column or "the row"
    return f"{observed}, against: {result['asked']}"
