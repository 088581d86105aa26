"""Follow the figures of one configuration over its runs.

::

    run.json of each run ───────────────────────▶ TrendRun ─┬─▶ Trend ─▶ page, command, Prefect
    run.json of each scoring with its model ─ drift ────────┘

Only completed runs have figures, and a change is against the last completed run before that has the
figure. Metrics are compared only where rows were split and the best variant was chosen in the same
way, as for alerts.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reviewflow.errors import UsageError
from reviewflow.formatting import nearest
from reviewflow.runs.alerts import selection_settings
from reviewflow.runs.history import RunRecord, run_folders, run_record, run_summary
from reviewflow.runs.identity import RunIdentity
from reviewflow.runs.json_values import mapping, text
from reviewflow.runs.run_figures import is_metric, scoring_figures, training_figures

METRIC = "roc_auc"  # by which the best variant is chosen where run.json does not say
REPORT = "report.html"
TRAINING, SCORING = "sentiment", "score"  # jobs


@dataclass(frozen=True)
class TrendRun:
    """One run as a point of a trend.

    Attributes
    ----------
    started, error, best : as run.json has them; ``best`` is the best variant's name.
    metric : by which the best variant was chosen.
    selection : how rows were split and the best variant was chosen, as JSON. Metrics of runs that
        differ in it are not compared.
    figures : by name; none of a run that did not complete.
    chance : of the drift of each trait, what equal populations exceed in 5 % of cases.
    """

    run_id: str
    identity: RunIdentity
    state: str
    started: str | None
    error: str | None
    best: str | None
    metric: str
    selection: str
    figures: Mapping[str, float]
    chance: Mapping[str, float]


@dataclass(frozen=True)
class TrendChange:
    """The change of a figure, and the id of the run that it is against."""

    difference: float
    since: str


@dataclass(frozen=True)
class TrendSubject:
    """What a trend is of: a configuration and the model that it publishes."""

    identity: RunIdentity
    model: str | None
    metric: str = METRIC


@dataclass(frozen=True)
class Trend:
    """The runs of one configuration, the oldest first.

    Attributes
    ----------
    runs : of the configuration.
    scored : runs that scored files with its model.
    others : number of runs of the same job and name, of another file or other data.
    """

    subject: TrendSubject
    runs: tuple[TrendRun, ...]
    scored: tuple[TrendRun, ...]
    others: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the trend as JSON values."""
        identity = self.subject.identity
        return {
            "job": identity.job,
            "name": identity.name,
            "config_file": identity.config_file,
            "data": identity.data,
            "model": self.subject.model,
            "metric": self.subject.metric,
            "other_runs": self.others,
            "runs": _points(self.runs),
            "scored": _points(self.scored),
        }


@dataclass
class _Previous:
    """The last value of each figure, for changes from run to run."""

    values: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)

    def changes(self, run: TrendRun) -> dict[str, TrendChange]:
        """Return the changes of a run's figures, and remember them."""
        found = {}
        for name, value in run.figures.items():
            key = (name, run.selection if is_metric(name) else "")
            before = self.values.get(key)
            if before is not None:
                found[name] = TrendChange(value - before[0], before[1])
            self.values[key] = (value, run.run_id)
        return found


def changes_by_run(runs: Sequence[TrendRun]) -> list[dict[str, TrendChange]]:
    """Return the changes of each run's figures.

    Parameters
    ----------
    runs : of one configuration, the oldest first.
    """
    previous = _Previous()
    return [previous.changes(run) for run in runs]


def read_trend(
    runs: Path, subject: TrendSubject, metrics: Collection[str], most: int | None = None
) -> Trend:
    """Return the trend of a configuration.

    Parameters
    ----------
    runs : the folder of all runs.
    metrics : names of the metrics to follow.
    most : of the configuration's runs, the newest ones to read; None for all.
    """
    identity, found, scored, others = subject.identity, [], [], 0
    for record in read_records(runs, {identity.name, subject.model or identity.name}):
        own = record.identity
        if own.matches(identity):
            found.append(trend_run(record, metrics))
        elif (own.job, own.name) == (identity.job, identity.name):
            others += 1
        elif (own.job, own.name) == (SCORING, subject.model):
            scored.append(trend_run(record, metrics))
        if len(found) == most:
            break
    if identity.job == SCORING:
        found, scored = [], found
    return Trend(subject, tuple(reversed(found)), tuple(reversed(scored)), others)


def trend_run(record: RunRecord, metrics: Collection[str]) -> TrendRun:
    """Return a run as a point of its configuration's trend."""
    content, state = record.content, record.state
    best = mapping(content.get("best"))
    figures: dict[str, float] = {}
    chance: dict[str, float] = {}
    if record.identity.job == SCORING:
        figures, chance = scoring_figures(content)
    elif state == "completed":
        figures = training_figures(content, metrics)
    return TrendRun(
        run_id=record.run_id,
        identity=record.identity,
        state=state,
        started=text(content.get("started")) or None,
        error=record.trouble or text(content.get("error")) or None,
        best=(text(best.get("variant")) or None) if state == "completed" else None,
        metric=text(best.get("metric")) or METRIC,
        selection=json.dumps(selection_settings(content), sort_keys=True),
        figures=figures,
        chance=chance,
    )


def subject_of(content: Mapping[str, Any], identity: RunIdentity) -> TrendSubject:
    """Return what the trend of a run's configuration is of, by its run.json."""
    config = mapping(content.get("config"))
    model = text(mapping(config.get("publish")).get("name")) or None
    if identity.job == SCORING:
        model = identity.name
    chosen = text(mapping(content.get("best")).get("metric"))
    return TrendSubject(
        identity, model, chosen or text(mapping(config.get("select")).get("metric")) or METRIC
    )


def find_subject(runs: Path, wanted: str | None) -> TrendSubject:
    """Return the configuration that a person means.

    Parameters
    ----------
    wanted : a configuration's file or name, or a model's name; None for that of the last run.

    Raises
    ------
    UsageError : if no run has it.
    """
    names = None if wanted is None else {wanted, Path(wanted).stem}
    seen: dict[str, RunRecord] = {}
    for record in read_records(runs, names):
        if wanted is None or _is_wanted(record.identity, wanted):
            seen.setdefault(record.identity.job, record)
            if record.identity.job == TRAINING:
                break
    if not seen:
        raise UsageError(_nothing_found(runs, wanted))
    record = seen.get(TRAINING) or next(iter(seen.values()))
    return subject_of(record.content, record.identity)


def trend_key(identity: RunIdentity) -> str:
    """Return a name for files and Prefect.

    It has lowercase letters, digits and dashes.
    It tells apart configurations of one name with other data, or another file.
    """
    whole = json.dumps([identity.job, identity.name, identity.config_file, identity.data])
    readable = re.sub(r"[^a-z0-9]+", "-", identity.name.lower())[:40].strip("-")
    digest = hashlib.sha256(whole.encode()).hexdigest()[:6]
    return f"{readable}-{digest}" if readable else digest


def trend_path(artifacts: Path, identity: RunIdentity) -> Path:
    """Return where the page of a configuration's trend is kept."""
    return artifacts / "trends" / f"{trend_key(identity)}.html"


def report_addresses(trend: Mapping[str, Any], page: Path, runs: Path) -> dict[str, str]:
    """Return the address of each run's report as seen from a page, by run.

    Parameters
    ----------
    trend : as ``reviewflow trend --json`` prints it.
    page : where the page is written.
    runs : the folder of runs. A run without a report there is left out.
    """
    seen_from = page.resolve().parent
    pages = {run["run_id"]: runs.resolve() / run["run_id"] / REPORT for run in trend["runs"]}
    return {
        run: quote(Path(os.path.relpath(path, seen_from)).as_posix())
        for run, path in pages.items()
        if path.is_file()
    }


def run_lines(runs: Path) -> list[dict[str, Any]]:
    """Return the summaries of all runs with their changes, newest first.

    To those of :func:`reviewflow.runs.history.run_summary` they add ``metric``, by which the best
    variant was chosen, its ``score`` on the test rows, and ``change`` since the run
    ``change_since`` of the same configuration.
    """
    return changed_lines(read_records(runs))


def changed_lines(records: Iterable[RunRecord]) -> list[dict[str, Any]]:
    """Return lines as `run_lines` does, with changes among these runs."""
    found = [(record.started_seconds, *_run_and_summary(record)) for record in records]
    found.sort(key=lambda each: (each[0], each[1].run_id))
    groups: dict[tuple[str, str], list[tuple[RunIdentity, _Previous]]] = {}
    lines = []
    for _, run, line in found:
        name = f"test.{run.metric}"
        change = _of_configuration(groups, run.identity).changes(run).get(name)
        lines.append(
            line
            | {"metric": run.metric, "score": run.figures.get(name)}
            | {
                "change": change.difference if change else None,
                "change_since": change.since if change else None,
            }
        )
    return lines[::-1]


def _run_and_summary(record: RunRecord) -> tuple[TrendRun, dict[str, Any]]:
    metric = text(mapping(record.content.get("best")).get("metric")) or METRIC
    return trend_run(record, (metric,)), run_summary(record)


def _of_configuration(
    groups: dict[tuple[str, str], list[tuple[RunIdentity, _Previous]]], identity: RunIdentity
) -> _Previous:
    """Return what is remembered of the runs that a run repeats.

    The newest of them decides, where a file is not known of all.
    """
    alike = groups.setdefault((identity.job, identity.name), [])
    for position, (known, previous) in reversed(list(enumerate(alike))):
        if known.matches(identity):
            alike.append(alike.pop(position))
            alike[-1] = (identity, previous)
            return previous
    alike.append((identity, _Previous()))
    return alike[-1][1]


def read_records(
    runs: Path, names: Collection[str] | None = None, before: str | None = None
) -> Iterator[RunRecord]:
    """Yield runs, the newest first.

    Parameters
    ----------
    names : of configurations; runs whose run.json does not hold one of them are passed over.
    before : the id of a run; only those with an earlier id.
    """
    spelled = [
        json.dumps(name, ensure_ascii=way).encode() for name in names or () for way in (False, True)
    ]
    for folder in sorted(run_folders(runs), reverse=True):
        if before is not None and folder.name >= before:
            continue
        if spelled and not _holds(folder / "run.json", spelled):
            continue
        yield run_record(folder)


def _holds(path: Path, words: list[bytes]) -> bool:
    """Return whether a file holds one of some words, False if unreadable."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return any(word in content for word in words)


def _is_wanted(identity: RunIdentity, wanted: str) -> bool:
    if identity.name == wanted:
        return True
    path = Path(wanted)
    is_file = path.suffix in (".yaml", ".yml")
    return (
        is_file
        and identity.name == path.stem
        and identity.config_file in (None, str(path.resolve()))
    )


def _nothing_found(runs: Path, wanted: str | None) -> str:
    names = sorted({record.identity.name for record in read_records(runs)})
    if not names:
        return f"There is no run in {runs} yet; `reviewflow run` makes one."
    near = nearest(wanted or "", names)
    hint = f"did you mean {near}?" if near else "`reviewflow runs` lists all."
    return f"No run in {runs} is of {wanted!r}; {hint}"


def _points(runs: Sequence[TrendRun]) -> list[dict[str, Any]]:
    """Return runs as JSON values.

    ``comparison`` numbers the ways in which rows were split and the best variant was chosen.
    """
    ways: dict[str, int] = {}
    return [
        {
            "run_id": run.run_id,
            "started": run.started,
            "state": run.state,
            "error": run.error,
            "best": run.best,
            "comparison": ways.setdefault(run.selection, len(ways)),
            "figures": dict(run.figures),
            "chance": dict(run.chance),
            "changes": {
                name: {"difference": change.difference, "since": change.since}
                for name, change in changes.items()
            },
        }
        for run, changes in zip(runs, changes_by_run(runs), strict=True)
    ]
