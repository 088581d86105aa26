"""The report as one self-contained HTML page, filled anew by every run.

    Facts ──────────┐
                    ├─ report.html (with report.css and report.js) ─▶ page
    charts (SVG) ───┘

Text from data goes in escaped; only the charts, which this package draws, go in as they are.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reviewflow.evaluation.metrics import METRICS, THRESHOLD
from reviewflow.formatting import figure
from reviewflow.reporting.charts.palette import line_style
from reviewflow.reporting.page.conclusions_view import TITLES
from reviewflow.reporting.page.examples_view import material_of
from reviewflow.reporting.page.variant_table import SPLITS
from reviewflow.reporting.page.view import facts

CHARTS = (
    "classes",
    "loss",
    *("gradients", "dead", "saturated", "distinct"),
    *("roc", "confusion", "calibration"),
)


def html_page(run: dict[str, Any], charts: Path | None) -> str:
    """The report of a run.

    Parameters
    ----------
    run : the content of run.json; what is missing is left out of the page
    charts : folder that the stage report wrote; None, or files missing, where a run ended
        before its charts were drawn

    Returns
    -------
    str
        A whole HTML document that loads nothing from outside.
    """
    numbers = material_of(charts)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = environment.get_template("report.js").render()
    return environment.get_template("report.html").render(
        facts=facts(run, numbers),
        charts=_drawn(charts),
        legend=_legend(numbers),
        cut_off=numbers.get("cut_off", False),
        metrics=METRICS,
        titles=TITLES,
        splits=SPLITS,
        threshold=f"{THRESHOLD:g}",
        line_style=line_style,
        style=Markup(environment.get_template("report.css").render()),
        script=Markup(script),
        script_hash=_content_hash(script),
    )


def _drawn(charts: Path | None) -> dict[str, Markup]:
    """The SVG text of each chart that there is."""
    if charts is None:
        return {}
    paths = {name: charts / f"{name}.svg" for name in CHARTS}
    return {
        name: Markup(path.read_text(encoding="utf-8"))
        for name, path in paths.items()
        if path.is_file()
    }


def _legend(numbers: dict[str, Any]) -> list[tuple[int, str]]:
    """Variants' numbers with their last loss, highest first, as the curves end on the right."""
    pairs = zip(numbers.get("groups") or (), numbers.get("last_losses") or (), strict=True)
    highest = float("inf")
    ordered = sorted(pairs, key=lambda pair: -(highest if pair[1] is None else pair[1]))
    return [(group, figure(loss, 3)) for group, loss in ordered]


def _content_hash(script: str) -> str:
    """What the page's content security policy calls the one script that may run."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
