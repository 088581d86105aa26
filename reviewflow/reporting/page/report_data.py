"""Read what the stage ``report`` wrote: numbers as JSON, charts as SVG."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

FILES = ("comparisons", "reviews", "words", "mistakes", "errors")
CHARTS = (
    "classes",
    "loss",
    *("gradients", "dead", "saturated", "distinct"),
    *("roc", "precision_recall", "confusion", "calibration"),
)


def read_report_data(folder: Path | None) -> dict[str, Any]:
    """Return the content of charts.json and of the other JSON files by name.

    A file that is missing is left out, and so is everything without a folder.
    """
    found = {name: _read_json(folder, name) for name in ("charts", *FILES)}
    charts = found.pop("charts") or {}
    return {**charts, **{name: content for name, content in found.items() if content}}


def read_charts(folder: Path | None) -> dict[str, Markup]:
    """Return the SVG text of each chart that was drawn, by name."""
    if folder is None:
        return {}
    paths = {name: folder / f"{name}.svg" for name in CHARTS}
    return {
        name: Markup(path.read_text(encoding="utf-8"))
        for name, path in paths.items()
        if path.is_file()
    }


def _read_json(folder: Path | None, name: str) -> Any:
    path = folder / f"{name}.json" if folder is not None else None
    if path is None or not path.is_file():
        return None
    return json.loads(path.read_text(encoding="utf-8"))
