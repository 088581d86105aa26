"""Make the rows of a trend, for its page, the report and the command line.

trend as JSON ─▶ TrendView: a row a figure (values over the runs, the last, its change) ─▶ pages
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reviewflow.evaluation.metrics import METRICS
from reviewflow.formatting import (
    LONGEST,
    NOTHING,
    amount,
    duration,
    figure,
    finite,
    join_names,
    moment,
    signed_number,
    visible,
)

SMALL_DRIFT = 0.1  # Siddiqi, Credit Risk Scorecards, 2006
DRIFT_TITLES = {
    "drift.tokens": "drift of lengths",
    "drift.unknown": "drift of unknown words",
    "drift.scores": "drift of probabilities",
    "drift.labels": "drift of labels",
}
OTHER_TITLES = {"seconds": "duration", "live.accuracy": "accuracy, true labels"}
SCORING_TITLES = {"rows": "rows scored", "seconds": "duration of scoring"}
MOST_CLASSES = 8  # whose shares have a row
TOLD = {"cancelled": "was cancelled", "unreadable": "is unreadable"}
MARKS = {"completed": None, "running": None, "cancelled": "cancelled"}  # others failed


@dataclass(frozen=True)
class TrendRow:
    """One figure over the runs.

    Attributes
    ----------
    values : one a run, None where it is not known.
    breaks : positions of runs that are not compared with those before.
    last, change, lowest, highest : as a person reads them.
    tone : of the change, ``better``, ``worse`` or empty.
    days : of the oldest and the newest run.
    note : what is odd about the last value, if anything.
    """

    name: str
    title: str
    values: tuple[float | None, ...]
    breaks: tuple[int, ...]
    last: str
    change: str
    tone: str
    lowest: str
    highest: str
    days: tuple[str, str]
    note: str = ""

    @property
    def description(self) -> str:
        """What the line shows, in words."""
        known = sum(value is not None for value in self.values)
        return (
            f"{self.title} over {amount(known, 'run')}: from {self.lowest} to {self.highest}, "
            f"last {self.last}"
        )


@dataclass(frozen=True)
class TrendLine:
    """One run in the table of runs, as a person reads it."""

    run_id: str
    started: str
    state: str
    best: str
    cells: tuple[tuple[str, str, str], ...]
    error: str


@dataclass(frozen=True)
class TrendView:
    """The trend of a configuration, as plain texts before escaping.

    Attributes
    ----------
    headline : the main figure of the last run that has one.
    summary : how many runs, when, and how they ended.
    rows, scored : figures of the runs, and of the runs that scored files with its model.
    marks, scored_marks : class of the tick of each run that did not complete, else None.
    columns, lines : the table of the newest runs.
    days : of the oldest and the newest run.
    """

    name: str
    model: str
    headline: str
    summary: str
    note: str
    rows: tuple[TrendRow, ...]
    scored: tuple[TrendRow, ...]
    marks: tuple[str | None, ...]
    scored_marks: tuple[str | None, ...]
    columns: tuple[str, ...]
    lines: tuple[TrendLine, ...]
    days: str
    runs: int


def trend_view(trend: Mapping[str, Any], most_lines: int = 30) -> TrendView:
    """Return the view of a trend.

    Parameters
    ----------
    trend : as ``reviewflow trend --json`` prints it.
    most_lines : of the table of runs.
    """
    runs, scored = list(trend["runs"]), list(trend["scored"])
    rows = _rows(runs, _training_names(trend, runs))
    scored_rows = tuple(
        replace(row, title=SCORING_TITLES.get(row.name, row.title))
        for row in _rows(scored, [*DRIFT_TITLES, "live.accuracy", "rows", "seconds"])
    )
    name = visible(trend["name"], 80)
    shown = [row.name for row in rows if row.name in _line_names(trend)]
    return TrendView(
        name=name,
        model=visible(trend["model"] or "", 80),
        headline=_headline(name, rows or scored_rows),
        summary=_summary(runs or scored),
        note=_note(trend),
        rows=rows,
        scored=scored_rows,
        marks=tuple(MARKS.get(run["state"], "failed") for run in runs),
        scored_marks=tuple(MARKS.get(run["state"], "failed") for run in scored),
        columns=tuple(figure_title(each) for each in shown),
        lines=tuple(_line(run, shown) for run in reversed(runs[-most_lines:])),
        days=_days(runs or scored),
        runs=len(runs),
    )


def recent_trend(trend: Mapping[str, Any] | None) -> TrendView | None:
    """Return the view of a trend for a run's report, with its main figures.

    None where there is nothing to compare yet.
    """
    if trend is None or sum(bool(run["figures"]) for run in trend["runs"]) < 2:
        return None
    view = trend_view(trend)
    main = _line_names(trend)
    return replace(
        view,
        rows=tuple(row for row in view.rows if row.name in main or row.name.startswith("share.")),
        scored=tuple(row for row in view.scored if row.name not in SCORING_TITLES),
    )


def figure_title(name: str) -> str:
    """Return what a person calls a figure, such as ``ROC AUC``."""
    split, _, metric = name.partition(".")
    titles = {each.name: each.title for each in METRICS}
    if split == "test":
        return titles.get(metric, visible(metric, 40))
    if split == "validation":
        return f"{titles.get(metric, visible(metric, 40))}, validation"
    if split == "share":
        return f"share of {visible(metric, 40)}"
    return {**DRIFT_TITLES, **OTHER_TITLES}.get(name, name)


def figure_text(name: str, value: float | None) -> str:
    """Return the value of a figure, with its unit."""
    if value is None:
        return NOTHING
    kind = name.partition(".")[0]
    if kind == "rows":
        return f"{value:,.0f}"
    if kind == "seconds":
        return duration(value)
    if kind == "share":
        return f"{100 * value:.1f} %"
    return figure(value, 2 if kind == "drift" else _digits(name))


def change_text(name: str, difference: float | None) -> str:
    """Return the change of a figure with its sign.

    One that is too small to show has the sign ``±``.
    """
    text = NOTHING if difference is None else _signed_text(name, difference)
    return text if re.search("[1-9]", text) else text.replace("+", "±").replace("−", "±")


def _signed_text(name: str, difference: float) -> str:
    kind = name.partition(".")[0]
    if kind == "rows":
        return f"{difference:+,.0f}".replace("-", "−")
    if kind == "seconds":
        return f"{'−' if difference < 0 else '+'}{duration(abs(difference))}"
    if kind == "share":
        return f"{signed_number(100 * difference, 1)} pts"
    return signed_number(difference, 2 if kind == "drift" else _digits(name))


def change_tone(name: str, difference: float | None) -> str:
    """Return whether a change is ``better`` or ``worse``, empty for neither."""
    split, _, metric = name.partition(".")
    known = {each.name: each for each in METRICS}
    if split not in ("test", "validation") or metric not in known or difference is None:
        return ""
    if abs(difference) < 0.5 * 10.0 ** -known[metric].digits:
        return ""
    return "better" if (difference > 0) == known[metric].higher_is_better else "worse"


def _digits(name: str) -> int:
    return {each.name: each.digits for each in METRICS}.get(name.partition(".")[2], 4)


def _training_names(trend: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the figures of the configuration's runs, the main one first."""
    names = dict.fromkeys(name for run in runs for name in run["figures"])
    chosen = str(trend["metric"])
    shares = [name for name in names if name.startswith("share.")]
    if len(shares) == 2:
        shares = shares[1:]  # the other one is the rest
    metrics = [chosen, *(metric.name for metric in METRICS if metric.name != chosen)]
    wanted = [
        f"test.{chosen}",
        f"validation.{chosen}",
        *(f"test.{name}" for name in metrics[1:]),
        *("rows", *shares[:MOST_CLASSES], "seconds"),
    ]
    return [name for name in wanted if name in names]


def _line_names(trend: Mapping[str, Any]) -> tuple[str, ...]:
    chosen = str(trend["metric"])
    return (
        f"test.{chosen}",
        *(("test.accuracy",) if chosen != "accuracy" else ()),
        "rows",
        "seconds",
    )


def _rows(runs: Sequence[Mapping[str, Any]], names: Sequence[str]) -> tuple[TrendRow, ...]:
    known = {name for run in runs for name in run["figures"]}
    return tuple(_row(runs, name) for name in names if name in known)


def _row(runs: Sequence[Mapping[str, Any]], name: str) -> TrendRow:
    values = tuple(finite(run["figures"].get(name)) for run in runs)
    known = [value for value in values if value is not None]
    newest = next(run for run in reversed(runs) if name in run["figures"])
    change = _difference(newest, name)
    return TrendRow(
        name=name,
        title=figure_title(name),
        values=values,
        breaks=_breaks(runs) if name.startswith(("test.", "validation.")) else (),
        last=figure_text(name, known[-1]),
        change=change_text(name, change),
        tone=change_tone(name, change),
        lowest=figure_text(name, min(known)),
        highest=figure_text(name, max(known)),
        days=(_day(runs, 0), _day(runs, -1)),
        note=_drift_note(newest, name),
    )


def _drift_note(run: Mapping[str, Any], name: str) -> str:
    """Return whether the last drift is one, beyond chance."""
    value, chance = run["figures"].get(name), finite(run["chance"].get(name))
    if not name.startswith("drift.") or chance is None or value < max(SMALL_DRIFT, chance):
        return ""
    return f"more than chance ({chance:.2f})"


def _breaks(runs: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    """Return the positions of runs that are not compared with those before.

    Runs without figures do not count.
    """
    found, before = [], None
    for place, run in enumerate(runs):
        if run["figures"]:
            if before is not None and run["comparison"] != before:
                found.append(place)
            before = run["comparison"]
    return tuple(found)


def _difference(run: Mapping[str, Any], name: str) -> float | None:
    return finite((run["changes"].get(name) or {}).get("difference"))


def _line(run: Mapping[str, Any], names: Sequence[str]) -> TrendLine:
    cells = []
    for name in names:
        value, change = finite(run["figures"].get(name)), _difference(run, name)
        shown = "" if change is None else change_text(name, change)
        cells.append((figure_text(name, value), shown, change_tone(name, change)))
    return TrendLine(
        run_id=visible(run["run_id"], LONGEST),
        started=moment(run["started"]),
        state=visible(run["state"], 40),
        best=visible(run["best"] or NOTHING, 80),
        cells=tuple(cells),
        error=visible(run["error"] or "", LONGEST),
    )


def _headline(name: str, rows: Sequence[TrendRow]) -> str:
    if not rows:
        return f"{name}: no run has figures yet"
    main = rows[0]
    change = "" if main.change == NOTHING else f", {main.change} since the completed run before"
    return f"{name}: {main.title} {main.last}{change}"


def _summary(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return ``1,000 runs: 960 completed, 30 failed and 10 cancelled``."""
    states = Counter(visible(run["state"], 40) for run in runs)
    counts = [f"{count:,} {state}" for state, count in states.most_common()]
    return f"{amount(len(runs), 'run')}: {join_names(counts)}"


def _note(trend: Mapping[str, Any]) -> str:
    """Return how the newest run ended, if not well, and what is left out."""
    points = trend["runs"] or trend["scored"]
    newest, sentences = points[-1] if points else {"state": "completed"}, []
    if newest["state"] not in ("completed", "running"):
        why = visible(newest["error"] or "", LONGEST).rstrip(".")
        state = visible(newest["state"], 40)
        sentences.append(f"The newest run {TOLD.get(state, state)}{f': {why}' if why else ''}.")
    others = int(trend["other_runs"])
    if others:
        left_out = amount(others, "run")
        verb = "is" if others == 1 else "are"
        sentences.append(
            f"{left_out} of the same name, of another file or other data, {verb} left out."
        )
    return " ".join(sentences)


def _days(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return ``2024-01-01 to 2024-03-07``, or one day."""
    return " to ".join(dict.fromkeys(day for day in (_day(runs, 0), _day(runs, -1)) if day))


def _day(runs: Sequence[Mapping[str, Any]], place: int) -> str:
    return str(runs[place]["started"] or "")[:10] if runs else ""
