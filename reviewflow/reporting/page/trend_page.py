"""Fill the page of a trend: a configuration's figures over its runs.

TrendView ─ trend.html, with report.css and trend.css ─▶ a page that loads nothing from outside
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from reviewflow.reporting.charts.sparkline import sparkline_svg
from reviewflow.reporting.page.templating import html_environment, join_styles
from reviewflow.reporting.page.trend_view import TrendRow, trend_view

STYLES = ("report.css", "trend.css")


def trend_page(trend: Mapping[str, Any]) -> str:
    """Return the page of a trend.

    Parameters
    ----------
    trend : as ``reviewflow trend --json`` prints it.
    """
    environment = html_environment()
    return environment.get_template("trend.html").render(
        trend=trend_view(trend), sparkline=row_svg, style=join_styles(environment, STYLES)
    )


def row_svg(row: TrendRow, marks: tuple[str | None, ...] = ()) -> Markup:
    """Return the line of a figure, which escapes its own texts."""
    return Markup(sparkline_svg(row.values, row.breaks, row.description, marks))
