"""Judge a scored file, before its scores get their name.

             ┌─ profile ──────▶ drift since training ─┐
scored rows ─┤                                        ├─▶ suite ─▶ results, or QualityError
             └─ true labels ──▶ live accuracy ────────┘
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.models.profile import Profile
from reviewflow.scoring.drift import drift_between
from reviewflow.scoring.live_accuracy import LiveLabels, live_accuracy
from reviewflow.scoring.score_checks import check_scored, scored_row
from reviewflow.scoring.scoring_options import ScoringOptions
from reviewflow.store.files import content_digest

if TYPE_CHECKING:
    from reviewflow.models.bundle import Bundle


@dataclass
class Scored:
    """What became of the rows of a file.

    Attributes
    ----------
    profile : of the rows out.
    drift : since training, as :func:`drift_between` has it. None if the bundle has no profile.
    checks : results of the suite's expectations.
    live : the accuracy on rows with true labels, as :func:`live_accuracy` has it.
    """

    profile: Profile
    rows_in: int = 0
    rows_out: int = 0
    rejects: int = 0
    drift: dict[str, Any] | None = None
    checks: list[dict[str, Any]] = field(default_factory=list)
    live: dict[str, Any] | None = None

    @property
    def labels(self) -> NDArray[np.int64]:
        """Rows out by predicted class, shape (K,)."""
        return self.profile.labels


def judge(
    scored: Scored, live: LiveLabels, path: Path, bundle: Bundle, options: ScoringOptions
) -> None:
    """Add drift, accuracy and checks to what is known of a file.

    Raises
    ------
    InputError
        If there are labels, but none of the model's.
    QualityError
        If an expectation of severity error failed.
    ConfigError
        If the suite is wrong.
    """
    profile = bundle.content.get("profile")
    if profile is not None:
        scored.drift = drift_between(Profile.from_json(profile), scored.profile)
    if options.label_column is not None:
        live.check(path, options.label_column)
        scored.live = live_accuracy(live.confusion, bundle.content, live.other_rows)
    if options.suite is not None:
        row = scored_row(scored.rows_in, scored.rejects, scored.drift, scored.live)
        scored.checks = check_scored(options.suite, options.limits, path, row)


def judge_again(record: Mapping[str, Any], options: ScoringOptions) -> list[dict[str, Any]]:
    """Return the results of today's suite on a file that was scored before.

    Raises
    ------
    QualityError
        If an expectation of severity error failed.
    ConfigError
        If the suite is wrong.
    """
    row = scored_row(record["rows_in"], record["rejects"], record["drift"], record.get("live"))
    return check_scored(Path(options.suite or ""), options.limits, Path(record["input"]), row)


def suite_identity(options: ScoringOptions) -> dict[str, Any] | None:
    """Return what decides about the checks: suite and limits."""
    if options.suite is None:
        return None
    return {"sha256": content_digest(options.suite), "limits": dict(options.limits)}
