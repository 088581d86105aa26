"""Write the page of the two moons: the stage ``page``.

    pictures (SVG) ─────────────────┐
    losses, accuracy, studies ─ values ┴─ moons.html ─▶ one self-contained HTML file

Each picture has a paragraph on what it shows. Sentences depend on the figures: one that does not
hold for a configuration is left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from reviewflow.context import Context
from reviewflow.evaluation.reliability import wilson_interval
from reviewflow.moons.config import Data, FullBatch, InitialWeights, Network, Online
from reviewflow.moons.picture_names import PICTURES
from reviewflow.moons.pictures import stable_limit
from reviewflow.moons.training import LINES_FILE, read_history
from reviewflow.store.parquet import read_parquet

PAGE_FILE = "moons.html"
STYLE_FILE = "report.css"


def write_page(
    *,
    pictures: Path,
    whole_set_model: Path,
    point_by_point_model: Path,
    fresh: Path,
    rates_study: Path,
    weights_study: Path,
    data: Data,
    network: Network,
    whole_set: FullBatch,
    point_by_point: Online,
    initial_weights: InitialWeights,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Write ``moons.html``, which loads nothing from outside.

    The arguments are the folders that the other stages wrote, and their settings. ``rows`` is the
    number of pictures.
    """
    context.check_stop()
    accuracy = _json(fresh / "accuracy.json")
    values = {
        "data": data,
        "network": network,
        "whole_set": _version_view(
            whole_set, whole_set_model, accuracy["whole_set"], data.fresh_points
        ),
        "point_by_point": _version_view(
            point_by_point, point_by_point_model, accuracy["point_by_point"], data.fresh_points
        ),
        "rates": _rates_view(rates_study, whole_set),
        "weights": {"settings": initial_weights, "rows": _json(weights_study / "units.json")},
    }
    page = render_page(values, {name: _svg(pictures, name) for name in PICTURES})
    (folder / PAGE_FILE).write_text(page, encoding="utf-8", newline="\n")
    return {"rows": len(PICTURES)}


def render_page(values: dict[str, Any], pictures: dict[str, Markup]) -> str:
    """Return the page: the template filled with values, escaped, and pictures."""
    here = Path(__file__).parent
    templates = {
        PAGE_FILE: here / "templates" / "moons.html",
        STYLE_FILE: here.parent / "reporting" / "page" / "templates" / "report.css",
    }
    environment = Environment(
        loader=DictLoader({name: path.read_text("utf-8") for name, path in templates.items()}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["loss"] = loss_figure
    environment.filters["share"] = share_figure
    style = Markup(environment.get_template(STYLE_FILE).render())
    return environment.get_template(PAGE_FILE).render(**values, pictures=pictures, style=style)


def loss_figure(loss: float) -> str:
    """Return a loss as people read it: ``0.0020``, ``0.69``, ``17,383``."""
    if loss < 0.1:
        return f"{loss:.4f}" if loss >= 0.0005 else f"{loss:.2g}"
    return f"{loss:.2f}" if loss < 10 else f"{loss:,.0f}"


def share_figure(share: float) -> str:
    """Return a share in percent: ``99.95%``, ``100%``."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def _version_view(
    settings: FullBatch | Online, model: Path, accuracy: Any, fresh_points: int
) -> dict[str, Any]:
    """Return a version's settings, the course of its loss, and its lines.

    ``fresh_ends`` are those of the 95 % interval of the accuracy on fresh points.
    """
    share, size = np.array([accuracy["fresh"]["accuracy"]]), np.array([fresh_points])
    history = read_history(model)
    lines = (model / LINES_FILE).read_text(encoding="utf-8")
    return {
        "settings": settings,
        "steps": len(history.steps),
        "first": float(history.epochs[0]),
        "highest": float(history.epochs.max()),
        "highest_epoch": int(history.epochs.argmax()) + 1,
        "rises": int((np.diff(history.epochs) > 0).sum()),
        "last": float(history.epochs[-1]),
        "accuracy": accuracy,
        "fresh_ends": [float(end[0]) for end in wilson_interval(share, size)],
        "lines": lines,
    }


def _rates_view(rates_study: Path, whole_set: FullBatch) -> dict[str, Any]:
    """Return a row a rate, with medians over the seeds, and the stable limit."""
    table = read_parquet(rates_study / "learning_rates.parquet").to_pandas()
    rows = []
    for rate, trainings in table.groupby("learning_rate"):
        rows.append(
            {
                "rate": rate,
                "highest": float(trainings["highest"].median()),
                "last": float(trainings["last"].median()),
                "last_lowest": float(trainings["last"].min()),
                "last_highest": float(trainings["last"].max()),
                "rises": int(trainings["rises"].median()),
                "jumped": int((trainings["highest"] > 1.2 * trainings["first"]).sum()),
                "trainings": len(trainings),
            }
        )
    limit = stable_limit(rates_study)
    return {
        "rows": rows,
        "own": next((row for row in rows if row["rate"] == whole_set.learning_rate), None),
        "limit": limit,
        "curvature": 2 / limit,
        "times": whole_set.learning_rate / limit,
        "calm_below": all(not row["rises"] for row in rows if row["rate"] < limit),
        "rises_above": all(row["rises"] for row in rows if row["rate"] > limit),
    }


def _svg(pictures: Path, name: str) -> Markup:
    return Markup((pictures / f"{name}.svg").read_text(encoding="utf-8"))


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
