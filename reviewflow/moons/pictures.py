"""Draw the pictures of the two moons: the stage ``pictures``.

points ──────────────▶ moons
models, points ──────▶ boundary_whole_set, boundary_point_by_point
histories ───────────▶ losses_epochs, losses_steps
learning rates ──────▶ learning_rates
initial weights ─────▶ initial_weights
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.moons.canvas import Picture
from reviewflow.moons.data import POINTS_FILE, read_points
from reviewflow.moons.picture_names import PICTURES
from reviewflow.moons.plots import (
    boundary_picture,
    epochs_picture,
    moons_picture,
    rates_picture,
    steps_picture,
    weights_picture,
)
from reviewflow.moons.studies import STUDIED_ACTIVATIONS, STUDIED_INITS
from reviewflow.moons.training import load_network, read_history
from reviewflow.store.parquet import read_parquet


def draw_pictures(
    *,
    points: Path,
    whole_set_model: Path,
    point_by_point_model: Path,
    rates_study: Path,
    weights_study: Path,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Draw every picture in ``PICTURES`` as ``NAME.svg`` and ``NAME.png``.

    The arguments are the folders that the other stages wrote. ``rows`` is the number of pictures.
    """
    data = read_points(points / POINTS_FILE)
    histories = read_history(whole_set_model), read_history(point_by_point_model)
    drawings = {
        "moons": lambda: moons_picture(data),
        "losses_epochs": lambda: epochs_picture(*histories),
        "losses_steps": lambda: steps_picture(*histories),
        "boundary_whole_set": lambda: boundary_picture(
            "boundary_whole_set", load_network(whole_set_model), data, "whole set"
        ),
        "boundary_point_by_point": lambda: boundary_picture(
            "boundary_point_by_point", load_network(point_by_point_model), data, "point by point"
        ),
        "learning_rates": lambda: _rates_picture(rates_study),
        "initial_weights": lambda: weights_picture(_read_losses(weights_study)),
    }
    for name in PICTURES:
        context.check_stop()
        _write(drawings[name](), folder / name)
    return {"rows": len(PICTURES)}


def stable_limit(rates_study: Path) -> float:
    """Return the highest learning rate at which no step overshoots.

    That is 2 / curvature, for the median of the seeds' curvatures.
    """
    content = json.loads((rates_study / "curvature.json").read_text(encoding="utf-8"))
    return 2 / max(float(np.median(content["curvature"])), 1e-12)


def _rates_picture(rates_study: Path) -> Picture:
    table = read_parquet(rates_study / "learning_rates.parquet")
    rates, highest, last = (table[name].to_numpy() for name in ("learning_rate", "highest", "last"))
    return rates_picture(rates, highest, last, stable_limit(rates_study))


def _read_losses(weights_study: Path) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the losses of the epochs by activation and init."""
    table = read_parquet(weights_study / "losses.parquet")

    def curve(activation: str, init: str) -> NDArray[np.float64]:
        chosen = pc.and_(pc.equal(table["activation"], activation), pc.equal(table["init"], init))
        losses: NDArray[np.float64] = table.filter(chosen)["loss"].to_numpy()
        return losses

    return {
        activation: {init: curve(activation, init) for init in STUDIED_INITS}
        for activation in STUDIED_ACTIVATIONS
    }


def _write(picture: Picture, path: Path) -> None:
    path.with_suffix(".svg").write_text(picture.svg, encoding="utf-8", newline="\n")
    path.with_suffix(".png").write_bytes(picture.png)
