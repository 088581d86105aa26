"""Fill the page of a trend: a configuration's figures over its runs.

TrendView ─ trend.html, with report.css and trend.css ─▶ a page that loads nothing from outside
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from markupsafe import Markup

from reviewflow.reporting.charts.sparkline import sparkline_svg
from reviewflow.reporting.page.templating import html_environment, join_styles
from reviewflow.reporting.page.trend_view import TrendRow, trend_view

STYLES = ("report.css", "trend.css")
ALL_RUNS = "../"  # of the artifacts folder, where `reviewflow ui` serves the list
NO_REPORTS: Mapping[str, str] = MappingProxyType({})


def trend_page(
    trend: Mapping[str, Any], reports: Mapping[str, str] = NO_REPORTS, all_runs: str = ""
) -> str:
    """Return the page of a trend.

    Parameters
    ----------
    trend : as ``reviewflow trend --json`` prints it.
    reports : the address of each run's report, as seen from the page.
    all_runs : address of the list of all runs, empty where it is not served.
    """
    environment = html_environment()
    return environment.get_template("trend.html").render(
        trend=trend_view(trend),
        reports=reports,
        all_runs=all_runs,
        sparkline=row_svg,
        style=join_styles(environment, STYLES),
    )


def row_svg(row: TrendRow, marks: tuple[str | None, ...] = ()) -> Markup:
    """Return the line of a figure, which escapes its own texts."""
    return Markup(sparkline_svg(row.values, row.breaks, row.description, marks))
