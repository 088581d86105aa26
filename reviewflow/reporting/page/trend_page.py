"""Fill the page of a trend: a configuration's figures over its runs.

TrendView ─ trend.html, with report.css and trend.css ─▶ a page that loads nothing from outside
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reviewflow.reporting.charts.sparkline import sparkline_svg
from reviewflow.reporting.page.trend_view import TrendRow, trend_view

STYLES = ("report.css", "trend.css")


def trend_page(trend: Mapping[str, Any]) -> str:
    """Return the page of a trend.

    Parameters
    ----------
    trend : as ``reviewflow trend --json`` prints it.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    styles = (environment.get_template(name).render() for name in STYLES)
    return environment.get_template("trend.html").render(
        trend=trend_view(trend), sparkline=row_svg, style=Markup("\n".join(styles))
    )


def row_svg(row: TrendRow, marks: tuple[str | None, ...] = ()) -> Markup:
    """Return the line of a figure, which escapes its own texts."""
    return Markup(sparkline_svg(row.values, row.breaks, row.description, marks))
