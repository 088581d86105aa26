"""Fill the page of all runs: a line a run, and links to its pages.

run list as JSON ─▶ RunListView ─ run_list.html, with the styles ─▶ a page without scripts
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from reviewflow.evaluation.metrics import METRICS
from reviewflow.formatting import LONGEST, NOTHING, amount, duration, figure, finite, visible
from reviewflow.reporting.page.templating import html_environment, join_styles
from reviewflow.reporting.page.trend_view import change_text, change_tone

STYLES = ("report.css", "trend.css", "run_list.css")
SCORING, REPORT = "score", "Report"
ALL = "./"  # this page without a choice


@dataclass(frozen=True)
class PageLink:
    """A page, and its address seen from the list."""

    title: str
    href: str
    is_shown: bool = False


@dataclass(frozen=True)
class RunLine:
    """One run, as a person reads it.

    Attributes
    ----------
    stamp, started : when it started, for a program and for a person.
    error : why it has no figures, empty where it has.
    model : the version that it published, or scored with.
    report : address of the run's page, empty where it has none.
    """

    stamp: str
    started: str
    name: str
    job: str
    state: str
    error: str
    rows: str
    score: str
    change: str
    tone: str
    best: str
    model: str
    took: str
    report: str
    pages: tuple[PageLink, ...]


@dataclass(frozen=True)
class RunListView:
    """The page of runs, as plain texts before escaping.

    Attributes
    ----------
    metric : title of the column of figures.
    choices : configurations to show alone; the first shows all.
    newest, older : addresses of other parts of the list, empty where there are none.
    nothing : the sentence where the list is empty.
    """

    title: str
    summary: str
    metric: str
    choices: tuple[PageLink, ...]
    lines: tuple[RunLine, ...]
    newest: str
    older: str
    nothing: str


def run_list_page(found: Mapping[str, Any], ui: str = "") -> str:
    """Return the page of runs.

    Parameters
    ----------
    found : as :func:`reviewflow.runs.run_list.run_list` returns it.
    ui : address of Prefect's UI, empty for no link.
    """
    environment = html_environment()
    return environment.get_template("run_list.html").render(
        list=run_list_view(found), ui=ui, style=join_styles(environment, STYLES)
    )


def run_list_view(found: Mapping[str, Any]) -> RunListView:
    """Return the view of a list of runs."""
    lines, name, job = found["runs"], found["name"], found["job"]
    metrics = {line["metric"] for line in lines if line["score"] is not None}
    metric = next(iter(metrics)) if len(metrics) == 1 else ""
    choice = {key: found[key] for key in ("name", "job") if found[key]}
    return RunListView(
        title=f"Runs of {visible(name, LONGEST)}" if name else "Runs",
        summary=_summary(found),
        metric=_metric_title(metric) or "Score",
        choices=(PageLink("All runs", ALL, not choice), *_choices(found["names"], name, job)),
        lines=tuple(_line(line, bool(metric)) for line in lines),
        newest=_address(choice) if found["before"] else "",
        older=_address({**choice, "before": found["older"]}) if found["older"] else "",
        nothing="There is no such run." if choice or found["before"] else "There is no run yet.",
    )


def _summary(found: Mapping[str, Any]) -> str:
    count, total = len(found["runs"]), found["total"]
    if found["name"] or found["job"] or found["before"]:
        return f"{amount(count, 'run')} of {total:,}"
    return amount(total, "run") if count == total else f"the newest {count} of {total:,} runs"


def _choices(names: Sequence[tuple[str, str]], name: str | None, job: str | None) -> list[PageLink]:
    """Return a link for each configuration and for scorings of each model."""
    return [
        PageLink(
            visible(f"scored with {own}" if kind == SCORING else own, 60),
            _address({"name": own, "job": kind}),
            own == name and job in (None, kind),
        )
        for own, kind in names
    ]


def _line(line: Mapping[str, Any], is_one_metric: bool) -> RunLine:
    metric, score, rows = line["metric"], finite(line["score"]), finite(line["rows"])
    name = f"test.{metric}"
    text = "" if score is None else figure(score, _digits(metric))
    has_error = bool(line["error"]) and line["state"] not in ("completed", "running")
    pages = _pages(line)
    return RunLine(
        stamp=visible(line["started"] or "", LONGEST),
        started=_minute(line["started"]),
        name=visible(line["name"] or line["run_id"], 80),
        job=visible(line["job"] or "", 40),
        state=visible(line["state"], 40),
        error=_first_sentence(line["error"]) if has_error else "",
        rows="" if rows is None else f"{rows:,.0f}",
        score=text if is_one_metric or score is None else f"{text} {_metric_title(metric)}",
        change="" if line["change"] is None else change_text(name, line["change"]),
        tone=change_tone(name, line["change"]),
        best=visible(line["best"] or "", 80),
        model=_model(line),
        took=duration(line["seconds"]),
        report=next((page.href for page in pages if page.title == REPORT), ""),
        pages=pages,
    )


def _model(line: Mapping[str, Any]) -> str:
    """Return which version of a model a run published or scored with."""
    if line["version"] is None:
        return ""
    version = visible(line["version"], 40)
    if line["job"] == SCORING:
        return f"scored with {version}"
    return f"published {version}{', champion' if line['promoted'] else ''}"


def _pages(line: Mapping[str, Any]) -> tuple[PageLink, ...]:
    pages = [PageLink(visible(title, 60), quote(path)) for title, path in line["pages"].items()]
    if line["scored_as"]:
        query = {"name": line["scored_as"], "job": SCORING}
        pages.append(PageLink("Scorings", _address(query)))
    return tuple(pages)


def _address(query: Mapping[str, str]) -> str:
    return f"?{urlencode(query)}" if query else ALL


def _first_sentence(error: Any) -> str:
    """Return the first sentence of an error, without the table below it."""
    return visible(re.split(r"(?<=\.)\s|\n", str(error), maxsplit=1)[0], 240)


def _minute(stamp: Any) -> str:
    """Return an ISO time to the minute, in UTC."""
    try:
        return f"{datetime.fromisoformat(stamp).astimezone(UTC):%Y-%m-%d %H:%M}"
    except (TypeError, ValueError, OverflowError):
        return NOTHING if stamp is None else visible(stamp, LONGEST)


def _metric_title(name: str) -> str:
    return {metric.name: metric.title for metric in METRICS}.get(name, visible(name, 40))


def _digits(name: str) -> int:
    return {metric.name: metric.digits for metric in METRICS}.get(name, 4)
