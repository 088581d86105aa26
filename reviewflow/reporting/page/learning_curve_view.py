"""Make the learning curves of a report from run.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import LONGEST, figure, visible

LEAST_GAIN = 0.002  # in accuracy, of what is worth more labels; seeds alone move it as much


@dataclass(frozen=True)
class CurveView:
    """The learning curve of one variant.

    Attributes
    ----------
    on : which rows the accuracies are measured on.
    points : training rows, accuracy and its 95 % interval, one row a share.
    sentence : whether more labels would help.
    """

    name: str
    on: str
    points: tuple[tuple[str, str, str], ...]
    sentence: str


def curve_views(run: Mapping[str, Any]) -> tuple[CurveView, ...]:
    """Return the learning curves of a run, none if none was asked for."""
    return tuple(
        CurveView(
            visible(curve["variant"], LONGEST),
            f"{curve['rows']:,} {visible(curve['on'], 40)} rows",
            tuple(_cells(point) for point in curve["points"]),
            _sentence(curve["points"]),
        )
        for curve in run.get("learning_curves") or ()
    )


def _cells(point: Mapping[str, Any]) -> tuple[str, str, str]:
    interval = f"{figure(point['low'])} to {figure(point['high'])}"
    return f"{point['rows']:,}", figure(point["accuracy"]), interval


def _sentence(points: Sequence[Mapping[str, Any]]) -> str:
    """Return what the curve's last step says about more labels."""
    known = [point for point in points if point["accuracy"] is not None]
    if len(known) < 2:
        return "There are too few points to tell whether more labels would help."
    before, last = known[-2:]
    gain = last["accuracy"] - before["accuracy"]
    step = (
        f"From {before['rows']:,} to {last['rows']:,} training rows the accuracy went from "
        f"{before['accuracy']:.3f} to {last['accuracy']:.3f}"
    )
    if before["accuracy"] < last["low"]:
        return f"{step}: more labels would help."
    if gain > LEAST_GAIN:
        return f"{step}, a rise within chance: more labels may help."
    return f"{step}: more labels of the same kind would hardly help."
