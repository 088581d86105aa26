"""Make the table of scored files, those that need attention first."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import LONGEST, NOTHING, figure, finite, visible
from reviewflow.reporting.page.check_table import CheckRow, check_title
from reviewflow.reporting.scoring_page.drift_view import VERDICTS, DriftView, drift_view
from reviewflow.reporting.scoring_page.histogram_chart import percent

MOST_LABELS = 3  # of more classes the most frequent ones are named
STATES = {"scored": "ran", "kept": "quiet", "failed": "failed"}  # all others are to be noticed
WORDS = {"kept": "scored before"}


@dataclass(frozen=True)
class FileCheck(CheckRow):
    """One expectation about the figures of a file, which is its subject.

    Attributes
    ----------
    column : the figure.
    """

    column: str


@dataclass(frozen=True)
class FigureWithInterval:
    """A figure and its 95 % interval, empty where there is none."""

    text: str
    interval: str

    @property
    def words(self) -> str:
        """Both on one line."""
        return f"{self.text} (95 %: {self.interval})" if self.interval else self.text


@dataclass(frozen=True)
class LiveAccuracy:
    """Accuracy on the labels of a file beside what validation promised.

    Attributes
    ----------
    accuracy, promised : with their 95 % intervals.
    verdict : whether the intervals meet.
    state : ``passed`` or ``warning``.
    """

    rows: str
    accuracy: FigureWithInterval
    promised: FigureWithInterval
    verdict: str
    state: str


@dataclass(frozen=True)
class FileRow:
    """What became of one file.

    Attributes
    ----------
    name : its path below the folder that all files share.
    state, badge : in words, and what colours it.
    note : why it failed or waits, or which version scored it before.
    labels : shares of the predicted classes, the most frequent first.
    drift : None where nothing was scored or the model has no profile.
    """

    name: str
    state: str
    badge: str
    note: str
    rows: str
    rejects: str
    labels: str
    seconds: float | None
    drift: DriftView | None
    checks: tuple[FileCheck, ...]
    live: LiveAccuracy | None


def file_rows(run: Mapping[str, Any]) -> tuple[FileRow, ...]:
    """Return a row for each file: failed ones, then those that differ most.

    All others keep their order.
    """
    files = run.get("files") or []
    folder = shared_folder([str(file.get("input")) for file in files])
    version = (run.get("model") or {}).get("version")
    rows = [_file_row(file, folder, version) for file in files]
    return tuple(sorted(rows, key=_urgency))


def shared_folder(paths: Sequence[str]) -> str:
    """Return the folder that holds all files, empty if none does."""
    try:
        return os.path.commonpath([os.path.dirname(path) for path in paths])
    except ValueError:  # no file, or absolute and relative paths
        return ""


def _urgency(row: FileRow) -> tuple[int, int, float]:
    """Return a key that sorts what needs attention first."""
    if row.state == "failed":
        return 0, 0, 0.0
    failed = [check.state for check in row.checks if check.state != "passed"]
    order = 1 if "failed" in failed else 2 if failed else 3
    if row.drift is None or not row.drift.differing:
        return order, 0, 0.0
    worst = row.drift.worst
    return order, -list(VERDICTS).index(worst.verdict), -worst.psi


def _file_row(file: Mapping[str, Any], folder: str, version: Any) -> FileRow:
    state, path = str(file.get("state")), str(file.get("input"))
    name = os.path.relpath(path, folder) if folder else path
    is_known = file.get("rows_out") is not None
    drift = file.get("drift")
    return FileRow(
        visible(name, LONGEST),
        WORDS.get(state, state),
        STATES.get(state, "warning"),
        _note(file, state, version),
        f"{file['rows_out']:,}" if is_known else NOTHING,
        f"{file['rejects']:,}" if is_known else NOTHING,
        label_shares(file.get("labels") or {}),
        finite(file.get("seconds")),
        drift_view(drift, tuple(file["labels"])) if drift else None,
        tuple(_check_row(check, visible(name, LONGEST)) for check in file.get("checks") or ()),
        _live_accuracy(file.get("live")),
    )


def _note(file: Mapping[str, Any], state: str, version: Any) -> str:
    """Return what a person should know of a file beside its figures."""
    if file.get("error"):
        return visible(file["error"], 2 * LONGEST)
    if state == "waiting":
        return "changed moments ago, so a later run scores it"
    if state == "busy":
        return "another process is scoring it"
    if file.get("model_version") not in (None, version):
        return f"by version {visible(file['model_version'], 80)}"
    return ""


def label_shares(labels: Mapping[str, int]) -> str:
    """Return ``negative 42 %, positive 58 %``, a dash where there are no rows.

    Of many classes it has the most frequent ones.
    """
    total, pairs = sum(labels.values()), list(labels.items())
    if not total:
        return NOTHING
    most = len(pairs)
    if most > MOST_LABELS + 1:
        pairs.sort(key=lambda pair: -pair[1])
        most = MOST_LABELS
    parts = [f"{visible(name, 40)} {percent(count / total)}" for name, count in pairs[:most]]
    rest = pairs[most:]
    if rest:
        parts.append(f"{len(rest)} others {percent(sum(count for _, count in rest) / total)}")
    return ", ".join(parts)


def _check_row(check: Mapping[str, Any], name: str) -> FileCheck:
    failed = "warning" if check.get("severity") in ("warning", "info") else "failed"
    words = visible(check.get("asked") or "", LONGEST)
    asked = f"{words[:1].upper()}{words[1:]}"
    return FileCheck(
        state="passed" if check.get("success") else failed,
        title=check_title(check.get("notes"), asked),
        asked=asked,
        limit="",
        subject=name,
        observed=_value_words(check.get("observed")),
        unexpected="",
        examples=(),
        column=str(check.get("column")),
    )


def _value_words(value: Any) -> str:
    number = finite(value)
    return f"{number:.4g}" if number is not None else visible(value, LONGEST)


def _live_accuracy(live: Mapping[str, Any] | None) -> LiveAccuracy | None:
    if not live or not live.get("rows"):
        return None
    ends = [finite(live.get(name)) for name in ("low", "high", "promised_low", "promised_high")]
    low, high, least, most = ends
    verdict, state = "as promised", "passed"
    if low is None or high is None or least is None or most is None:
        verdict, state = "nothing was promised", "quiet"
    elif high < least:
        verdict, state = "lower than promised", "warning"
    elif low > most:
        verdict = "higher than promised"
    return LiveAccuracy(
        f"{live['rows']:,}",
        _with_interval(live.get("accuracy"), low, high),
        _with_interval(live.get("promised"), least, most),
        verdict,
        state,
    )


def _with_interval(value: Any, low: float | None, high: float | None) -> FigureWithInterval:
    is_known = low is not None and high is not None
    return FigureWithInterval(figure(value), f"{low:.4f} to {high:.4f}" if is_known else "")
