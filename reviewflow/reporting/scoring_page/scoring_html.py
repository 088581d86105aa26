"""Fill the HTML page of a run that scored files, self-contained.

ScoringView ───────────────────┐
scoring.css below report.css ──┴─ scoring.html ─▶ page
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reviewflow.reporting.page.templating import html_environment, join_styles
from reviewflow.reporting.scoring_page.histogram_chart import Histogram, histogram_chart
from reviewflow.reporting.scoring_page.scoring_view import FIRST, scoring_view

TEMPLATES = Path(__file__).parent / "templates"
STYLES = ("report.css", "scoring.css")


def scoring_html_page(run: Mapping[str, Any]) -> str:
    """Return the page of a run of the score flow.

    Parameters
    ----------
    run : the content of run.json; what is missing is left out of the page.

    Returns
    -------
    str
        A whole HTML document that loads nothing from outside and runs no script.
    """
    environment = html_environment(TEMPLATES)
    return environment.get_template("scoring.html").render(
        report=scoring_view(run), first=FIRST, chart=_chart, style=join_styles(environment, STYLES)
    )


def _chart(histogram: Histogram) -> Markup:
    return Markup(histogram_chart(histogram))
