"""Fill the report as Markdown, for Prefect's pages and pull requests.

ReportView ─ report.md, every value escaped ─▶ GitHub-flavoured Markdown
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reviewflow.formatting import visible
from reviewflow.reporting.charts.sparkline import sparkline_text
from reviewflow.reporting.page.conclusions_view import CONCLUSION_TITLES, SUMMARY_TITLES
from reviewflow.reporting.page.report_data import read_report_data
from reviewflow.reporting.page.trend_view import TrendRow, recent_trend, trend_view
from reviewflow.reporting.page.variant_table import shown_metrics
from reviewflow.reporting.page.view import report_view

BLOCKS_OF_A_LINE = 24
MOST_LINES = 10  # newest runs of a trend
SPECIAL = re.compile(r"[\\`*_{}\[\]#|~!@$^=]")
ADDRESS = re.compile(r"(?i)(:)(?=//)|(?<=www)(\.)|(?<=mailto)(:)|(?<=xmpp)(:)")
LIST = re.compile(r"^(\d*)([-+.)])(?=\s|$|-)")


def markdown_page(
    run: dict[str, Any], charts: Path | None = None, trend: Mapping[str, Any] | None = None
) -> str:
    """Return the report of a run as GitHub-flavoured Markdown.

    Parameters
    ----------
    run : the content of run.json
    charts : folder that the stage report wrote; what it shows is left out without it
    trend : of the configuration, as ``reviewflow trend --json`` prints it; None for no section
    """
    report = report_view(run, read_report_data(charts))
    return (
        _environment()
        .get_template("report.md")
        .render(
            report=report,
            trend=recent_trend(trend),
            sparkline=row_blocks,
            metrics=shown_metrics(run),
            titles=CONCLUSION_TITLES,
            summary_titles=SUMMARY_TITLES,
            config=Markup(report.config.rstrip()),
            fence=Markup(_fence(report.config)),
        )
    )


def trend_markdown(trend: Mapping[str, Any]) -> str:
    """Return a trend as GitHub-flavoured Markdown, for Prefect's pages.

    Parameters
    ----------
    trend : as ``reviewflow trend --json`` prints it.
    """
    view = trend_view(trend, most_lines=MOST_LINES)
    return _environment().get_template("trend.md").render(trend=view, sparkline=row_blocks)


def row_blocks(row: TrendRow) -> str:
    """Return the line of a figure in block characters."""
    return sparkline_text(row.values, row.breaks, BLOCKS_OF_A_LINE)


def _environment() -> Environment:
    """Return the environment of the templates, which escapes every value."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        finalize=_escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def markdown_text(value: Any) -> str:
    """Return text from data that Markdown shows as it is.

    It is one line without markup, HTML or links.
    """
    line = " ".join(visible(value).split())
    line = SPECIAL.sub(r"\\\g<0>", line)
    line = LIST.sub(lambda match: f"{match[1]}\\{match[2]}", line)
    line = ADDRESS.sub(lambda match: "\\" + match[0], line)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _escape(value: Any) -> Markup:
    """Return a value of the template as Markdown, safe markup unchanged."""
    return value if isinstance(value, Markup) else Markup(markdown_text(value))


def _fence(text: str) -> str:
    """Return more backticks than any run of them in the text, three at least."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)
