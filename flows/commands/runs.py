"""Show past runs: ``reviewflow runs | show``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from flows.commands.fitted_table import (
    Cell,
    Column,
    delta_title,
    say_fitted_table,
    terminal_width,
)
from flows.commands.latest_run import named_run
from flows.commands.options import artifacts_option, json_option
from flows.commands.output import say, say_json, say_table
from reviewflow.evaluation.metrics import METRICS, Metric, metric_named
from reviewflow.formatting import amount, duration, figure, moment, plain, size
from reviewflow.reporting.page.trend_view import change_text, change_tone
from reviewflow.runs.history import run_details
from reviewflow.runs.json_values import mapping
from reviewflow.runs.trend import run_lines

LONGEST_ID = "2026-11-27T04-30-00-123456-1a2b3c"
ID_LENGTHS = tuple(
    len(part)
    for part in (
        "2026-11-27T04-30",
        "2026-11-27T04-30-00",
        "2026-11-27T04-30-00-123456",
        LONGEST_ID,
    )
)
STATE_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "failed": "red",
        "crashed": "red",
        "unreadable": "red",
        "cancelled": "yellow",
        "running": "cyan",
    }
)


@click.command()
@artifacts_option
@json_option
def runs(artifacts: str, as_json: bool) -> None:
    """List past runs, the newest first."""
    folder = Path(artifacts) / "runs"
    lines = run_lines(folder)
    if as_json:
        say_json(lines)
        return
    if lines:
        _say_runs(lines)
    say(f"{amount(len(lines), 'run')} in {folder}.")


@click.command()
@click.argument("run", default="latest")
@artifacts_option
@json_option
def show(run: str, artifacts: str, as_json: bool) -> None:
    """Show one run: its stages, its variants and what failed a check.

    RUN is an id, the beginning of one, or a link: `latest` is the last completed run.
    """
    page = run_details(named_run(run, artifacts, quiet=as_json))
    if as_json:
        say_json(page)
        return
    _say_head(page)
    _say_stages(page["stages"])
    _say_variants(page["variants"], _selection_metric(page["chosen_by"]))
    _say_quality(page["quality"])


def _say_runs(lines: Sequence[Mapping[str, Any]]) -> None:
    """Print a line for each run.

    A terminal gets ids that are as short as `show` takes them, and as many columns as it has place
    for.
    """
    known = {line["metric"] for line in lines if line["score"] is not None}
    metric = _selection_metric(known.pop()) if len(known) == 1 else None
    columns = (
        Column("run", least=len(LONGEST_ID)),
        Column("name", least=8),
        Column("state", least=10),
        Column("started", rank=4),
        Column("took", right=True, least=10, rank=3),
        Column("rows", right=True, least=9, rank=2),
        Column("best", least=8, rank=1),
        Column(metric.title if metric else "score", right=True, least=9),
        Column(delta_title(), right=True, least=9),
        Column("ran", right=True, rank=5),
        Column("cached", right=True, rank=6),
    )
    shown = id_length([line["run_id"] for line in lines]) if terminal_width() else None
    say_fitted_table(columns, [_run_row(line, metric, shown) for line in lines])


def _run_row(
    line: Mapping[str, Any], metric: Metric | None, shown: int | None
) -> tuple[Cell | str, ...]:
    own = metric or _selection_metric(line["metric"])
    score = figure(line["score"], own.digits)
    change = Cell("")
    if line["change"] is not None:
        name = f"test.{own.name}"
        colour = {"better": "green", "worse": "red"}.get(change_tone(name, line["change"]), "")
        change = Cell(change_text(name, line["change"]), colour)
    return (
        line["run_id"][:shown],
        plain(line["name"]),
        Cell(line["state"], STATE_COLOURS.get(line["state"], "")),
        _to_the_minute(line["started"]) or "",
        duration(line["seconds"]),
        plain(line["rows"]),
        plain(line["best"]),
        score if metric or line["score"] is None else f"{score} {own.title}",
        change,
        plain(line["ran"]),
        plain(line["cached"]),
    )


def id_length(ids: Sequence[str]) -> int | None:
    """Return how many characters tell ids apart, None for all.

    At least the time to the minute stays, and an id is cut where one of its parts ends.
    """
    whole = len(set(ids))
    return next((n for n in ID_LENGTHS if len({each[:n] for each in ids}) == whole), None)


def _to_the_minute(stamp: Any) -> str | None:
    """Return an ISO time to the minute, short enough for a table."""
    return stamp[:16].replace("T", " ") if isinstance(stamp, str) else None


def _say_head(page: Mapping[str, Any]) -> None:
    say(f"{page['run_id']}  {plain(page['name'])} ({plain(page['job'])})")
    say(f"state    {page['state']}")
    if page["error"]:
        say(f"error    {page['error']}")
    say(f"started  {moment(page['started'])}, took {duration(page['seconds'])}")
    say(f"rows     {plain(page['rows'])}")
    if page["best"]:
        say(
            f"best     {plain(page['best'])}, ROC AUC {figure(page['roc_auc'])} on the test rows"
            f"{_chosen(page)}"
        )
    if page["learned"] is False:
        say("learned  nothing: no variant beats the majority class beyond chance")
    for version in page["versions"]:
        say(
            f"{plain(version['name'])}: loss {figure(version['first'])} → "
            f"{figure(version['last'])}, accuracy on fresh points {figure(version['fresh'])}"
        )
    say(f"steps    {page['ran']} ran, {page['cached']} cached")
    say(f"folder   {page['folder']}")
    if page["report"]:
        say(f"report   {page['report']}")


def _chosen(page: Mapping[str, Any]) -> str:
    """Return on which rows the best of several variants was chosen."""
    if len(page["variants"]) < 2 or not page["chosen_on"]:
        return ""
    by = _selection_metric(page["chosen_by"])
    return f", chosen on the {plain(page['chosen_on'])} rows by {by.title}"


def _selection_metric(name: Any) -> Metric:
    """Return the metric by which a best variant was chosen."""
    return next((metric for metric in METRICS if metric.name == name), metric_named("roc_auc"))


def _say_stages(stages: list[dict[str, Any]]) -> None:
    rows = [
        (
            stage["stage"],
            stage["ran"],
            stage["cached"],
            duration(stage["seconds"]),
            size(stage["bytes"]),
            "; ".join(stage["reasons"]),
        )
        for stage in stages
    ]
    if rows:
        say_table("Stages", ("stage", ">ran", ">cached", ">took", ">size", "why"), rows)


def _say_variants(variants: list[dict[str, Any]], chosen_by: Metric) -> None:
    """Print a line for each variant.

    Of the validation rows it has the metric by which the best was chosen.
    """
    columns = _metric_columns(
        chosen_by, any(mapping(variant["metrics"]).get("validation") for variant in variants)
    )
    rows = []
    for variant in variants:
        metrics = mapping(variant["metrics"])
        scores = [
            figure(mapping(metrics.get(split)).get(metric.name), metric.digits)
            for split, metric in columns
        ]
        state, took = variant["state"], duration(variant["seconds"])
        rows.append((plain(variant["name"]), state, took, *scores, variant["diagnosis"]))
    if rows:
        titles = [f">{_column_title(*column)}" for column in columns]
        say_table(
            "Variants, on the test rows",
            ("variant", "state", ">took", *titles, "diagnosis"),
            rows,
        )


def _metric_columns(chosen_by: Metric, with_validation: bool) -> list[tuple[str, Metric]]:
    """Return the split and metric of each column of figures."""
    first = [("validation", chosen_by)] if with_validation else []
    return [*first, *(("test", metric) for metric in METRICS)]


def _column_title(split: str, metric: Metric) -> str:
    return metric.title if split == "test" else f"{split} {metric.title}"


def _say_quality(quality: Mapping[str, Any]) -> None:
    rows = [
        (
            plain(each.get("suite")),
            plain(each.get("severity")),
            plain(each.get("asked", each.get("expectation"))),
            plain(each.get("observed")),
            plain(each.get("unexpected_count")),
        )
        for each in quality["failures"]
    ]
    if rows:
        columns = ("suite", "severity", "asked", "observed", ">unexpected")
        say_table("Failed expectations", columns, rows)
    elif quality["expectations"]:
        say("", f"{amount(quality['expectations'], 'expectation')}, all met.")
