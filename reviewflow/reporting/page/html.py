"""Fill the report's HTML page, self-contained, again in every run.

    ReportView ─────┐
                    ├─ report.html (with report.css and report.js) ─▶ page
    charts (SVG) ───┘

Text from data is escaped. Only the charts, which this package draws, are inserted as they are.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reviewflow.formatting import figure
from reviewflow.reporting.charts.palette import line_style
from reviewflow.reporting.page.conclusions_view import CONCLUSION_TITLES, SUMMARY_TITLES
from reviewflow.reporting.page.errors_view import THRESHOLD_TITLES
from reviewflow.reporting.page.report_data import read_charts, read_report_data
from reviewflow.reporting.page.templating import html_environment, join_styles
from reviewflow.reporting.page.trend_page import STYLES, row_svg
from reviewflow.reporting.page.trend_view import recent_trend
from reviewflow.reporting.page.variant_table import SPLIT_TITLES, shown_metrics
from reviewflow.reporting.page.view import (
    OPEN_CHANGES,
    SHOWN_MISTAKES,
    SHOWN_VARIANTS,
    SHOWN_WORDS,
    report_view,
)


def html_page(
    run: dict[str, Any], charts: Path | None, trend: Mapping[str, Any] | None = None
) -> str:
    """Return the report of a run as a page.

    Parameters
    ----------
    run : the content of run.json; what is missing is left out of the page
    charts : folder that the stage report wrote; None, or files missing, where a run ended
        before its charts were drawn
    trend : of the configuration, as ``reviewflow trend --json`` prints it; None for no section

    Returns
    -------
    str
        A whole HTML document that loads nothing from outside.
    """
    data = read_report_data(charts)
    environment = html_environment()
    legend = _legend(data)
    script = environment.get_template("report.js").render()
    return environment.get_template("report.html").render(
        report=report_view(run, data),
        charts=read_charts(charts),
        legend=legend,
        grey=len(data.get("groups") or ()) - len(legend),
        cut_off=f"{data['highest_loss']:.2f}" if data.get("cut_off") else "",
        metrics=shown_metrics(run),
        threshold_titles=THRESHOLD_TITLES,
        titles=CONCLUSION_TITLES,
        summary_titles=SUMMARY_TITLES,
        shown_variants=SHOWN_VARIANTS,
        open_changes=OPEN_CHANGES,
        shown_mistakes=SHOWN_MISTAKES,
        shown_words=SHOWN_WORDS,
        split_titles=SPLIT_TITLES,
        line_style=line_style,
        trend=recent_trend(trend),
        sparkline=row_svg,
        style=join_styles(environment, STYLES),
        script=Markup(script),
        script_hash=_script_hash(script),
    )


def _legend(data: dict[str, Any]) -> list[tuple[int, int, str]]:
    """Return number, line and last loss of the variants that have a line.

    The highest loss comes first.
    """
    pairs = zip(data.get("groups") or (), data.get("last_losses") or (), strict=True)
    highest, lines = float("inf"), data.get("lines")
    ordered = sorted(pairs, key=lambda pair: -(highest if pair[1] is None else pair[1]))
    return [
        (variant, variant if lines is None else lines[str(variant)], figure(loss, 3))
        for variant, loss in ordered
        if lines is None or str(variant) in lines
    ]


def _script_hash(script: str) -> str:
    """Return the name of the script in the content security policy."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
