"""Draw the pictures of the two moons, each from plain numbers."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.moons.canvas import (
    Picture,
    add_plain_axes,
    draw_dots,
    label_plainly,
    render_picture,
)
from reviewflow.moons.data import Points
from reviewflow.moons.network import Sequential
from reviewflow.moons.recorded_losses import History
from reviewflow.reporting.charts.palette import INK, MUTED, NEGATIVE, POSITIVE, line_style

PADDING = 0.5  # between the outermost points and the edge of the axes, on every side
GRID_STEPS = 240  # points a side where the network's probability is computed
WINDOWS = 160  # groups of steps in the band of the loss a step
SEEDS_SHOWN = 200  # dots a rate, since more would be one blot


def moons_picture(points: Points) -> Picture:
    """Return the points, coloured by their class."""

    def draw(figure: Any) -> None:
        axes = _add_plane(figure, points)
        _draw_class_dots(axes, points, 4.5)
        _add_class_legend(figure)

    return render_picture(
        "moons",
        (640, 490),
        draw,
        title="Two moons",
        description=f"{len(points.y):,} points of two interleaved half circles: class 0 is the "
        "upper one, class 1 the lower one.",
    )


def boundary_picture(name: str, net: Sequential, points: Points, version: str) -> Picture:
    """Return the points on a tint of the network's probability.

    A line marks where the probability is ½.
    """
    (left, right), (bottom, top) = padded_limits(points)
    x1, x2 = np.linspace(left, right, GRID_STEPS), np.linspace(bottom, top, GRID_STEPS)
    places = np.stack(np.meshgrid(x1, x2), axis=-1)
    P = net.probabilities(places.reshape(-1, 2)).reshape(GRID_STEPS, GRID_STEPS)

    def draw(figure: Any) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        axes = _add_plane(figure, points)
        axes.grid(False)
        tints = LinearSegmentedColormap.from_list("sides", ("#f3b48a", "#ffffff", "#8fc1e3"))
        axes.contourf(x1, x2, P, (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1), cmap=tints, vmin=0, vmax=1)
        _draw_class_dots(axes, points, 3.2)
        axes.contour(x1, x2, P, (0.5,), colors=[INK], linewidths=3)
        _add_class_legend(figure, boundary=True)

    return render_picture(
        name,
        (640, 490),
        draw,
        title=f"Decision boundary, {version}",
        description="The plane tinted by the network's probability of class 1, with the line "
        "where it is one half, and the points.",
    )


def epochs_picture(whole_set: History, point_by_point: History) -> Picture:
    """Return both versions' loss over the epochs, on a logarithmic scale."""

    def draw(figure: Any) -> None:
        axes = add_plain_axes(figure, (0.19, 0.155, 0.785, 0.745), "epoch", "loss")
        _mark_guessing(axes)
        for number, losses in enumerate((whole_set.epochs, point_by_point.epochs)):
            _draw_line(axes, np.arange(1, len(losses) + 1), losses, number)
        axes.set_yscale("log")
        label_plainly(axes.yaxis)
        _add_line_legend(figure, ("whole set", "point by point"))

    return render_picture(
        "losses_epochs",
        (640, 440),
        draw,
        title="Loss over the epochs",
        description=f"Whole set: {_describe_losses(whole_set.epochs)} Point by point: "
        f"{_describe_losses(point_by_point.epochs)}",
    )


def steps_picture(whole_set: History, point_by_point: History) -> Picture:
    """Return both versions' loss over the steps, the online one as a band.

    Both axes are logarithmic.
    """
    middles, tenths, medians, ninetieths = loss_windows(point_by_point.steps)
    lowest = 1e-5  # a point far from the boundary has a loss of next to nothing

    def draw(figure: Any) -> None:
        axes = add_plain_axes(figure, (0.205, 0.155, 0.77, 0.745), "step", "loss before the step")
        _mark_guessing(axes)
        style = line_style(1)
        axes.fill_between(
            middles, np.maximum(tenths, lowest), np.maximum(ninetieths, lowest),
            color=style.colour, alpha=0.22, linewidth=0,
        )  # fmt: skip
        _draw_line(axes, np.arange(1, len(whole_set.steps) + 1), whole_set.steps, 0)
        _draw_line(axes, middles, np.maximum(medians, lowest), 1)
        axes.set(xscale="log", yscale="log")
        axes.set_ylim(bottom=lowest)
        label_plainly(axes.xaxis)
        label_plainly(axes.yaxis)
        _add_line_legend(figure, ("whole set", "point by point"))

    return render_picture(
        "losses_steps",
        (640, 440),
        draw,
        title="Loss over the steps",
        description=f"The whole set takes {len(whole_set.steps):,} steps, point by point "
        f"{len(point_by_point.steps):,}; the band holds eight of ten steps, the line is their "
        "median.",
    )


def rates_picture(
    rates: NDArray[np.float64],
    highest: NDArray[np.float64],
    last: NDArray[np.float64],
    limit: float,
) -> Picture:
    """Return the highest and the last loss by learning rate.

    Each training is a dot, and a line joins the medians.

    Parameters
    ----------
    rates, highest, last : shape (trainings,)
    limit : the rate above which steps are too long for the loss's curvature
    """
    shown = np.unique(rates)

    def draw(figure: Any) -> None:
        axes = add_plain_axes(figure, (0.19, 0.155, 0.785, 0.745), "learning rate", "loss")
        axes.set(xscale="log", yscale="log")
        _mark_guessing(axes, labelled=False)
        for number, losses in enumerate((highest, last)):
            for rate in shown:
                some = losses[rates == rate][:SEEDS_SHOWN]
                axes.plot(
                    np.full(len(some), rate), some, "o^"[number], markersize=6.5,
                    color=line_style(number).colour, alpha=0.4, markeredgewidth=0,
                )  # fmt: skip
            medians = np.array([np.median(losses[rates == rate]) for rate in shown])
            _draw_line(axes, shown, medians, number)
        axes.axvline(limit, color=INK, linewidth=1.5, linestyle=(0, (2, 2)))
        axes.text(
            limit * 1.06, 0.985, f"limit, {limit:.2g}", color=INK, va="top",
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
        _set_ticks(axes.xaxis, shown)
        label_plainly(axes.yaxis)
        _add_line_legend(figure, ("highest", "last"), guessing=True)

    words = "; ".join(
        f"rate {rate:g}: highest {np.median(highest[rates == rate]):.3g}, last "
        f"{np.median(last[rates == rate]):.3g}"
        for rate in shown
    )
    return render_picture(
        "learning_rates",
        (640, 460),
        draw,
        title="Highest and last loss by learning rate",
        description=f"Medians over the initial weights. {words}.",
    )


def weights_picture(losses: dict[str, dict[str, NDArray[np.float64]]]) -> Picture:
    """Return the losses by initial weights, one panel an activation.

    ``losses`` holds shape (epochs,) by activation and init.
    """
    inits = list(next(iter(losses.values())))

    def draw(figure: Any) -> None:
        height = 0.86 / len(losses)
        for panel, (activation, curves) in enumerate(losses.items()):
            bottom = 0.085 + (len(losses) - 1 - panel) * (height + 0.01)
            place = (0.19, bottom, 0.785, height - 0.065)
            last = panel == len(losses) - 1
            axes = add_plain_axes(figure, place, "epoch" if last else "", "loss")
            _mark_guessing(axes)
            for number, curve in enumerate(curves.values()):
                _draw_line(axes, np.arange(1, len(curve) + 1), curve, number)
            axes.set_yscale("log")
            axes.set_title(f"hidden layer: {activation}", color=INK, loc="left", size=19)
            label_plainly(axes.yaxis)
        _add_line_legend(figure, tuple(inits))

    words = "; ".join(
        f"{activation} from {init} ends at {curve[-1]:.3g}"
        for activation, curves in losses.items()
        for init, curve in curves.items()
    )
    return render_picture(
        "initial_weights",
        (640, 760),
        draw,
        title="Loss over the epochs by initial weights",
        description=f"{words}.",
    )


def padded_limits(points: Points) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return left and right, bottom and top of the points with ``PADDING``."""
    low, high = points.X.min(axis=0) - PADDING, points.X.max(axis=0) + PADDING
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def loss_windows(losses: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return the losses in groups of steps, as a logarithmic axis needs.

    Returns
    -------
    tuple
        Of each group the middle step, and the 10th, 50th and 90th percentile of its losses.
    """
    steps = len(losses)
    edges = np.unique(np.geomspace(1, steps + 1, min(WINDOWS, steps) + 1).round().astype(int))
    groups = [losses[a - 1 : b - 1] for a, b in pairwise(edges)]
    middles = np.sqrt(edges[:-1] * np.maximum(edges[1:] - 1, 1).astype(float))
    shares = np.array([np.percentile(group, (10, 50, 90)) for group in groups])
    return middles, shares[:, 0], shares[:, 1], shares[:, 2]


def _add_plane(figure: Any, points: Points) -> Any:
    axes = add_plain_axes(
        figure, (0.145, 0.14, 0.83, 0.77), "first coordinate", "second coordinate"
    )
    x_limits, y_limits = padded_limits(points)
    axes.set(xlim=x_limits, ylim=y_limits)
    return axes


def _draw_class_dots(axes: Any, points: Points, width: float) -> None:
    for label, colour in enumerate((NEGATIVE, POSITIVE)):
        draw_dots(axes, points.X[points.y == label], colour, width)


def _add_class_legend(figure: Any, boundary: bool = False) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="none", marker="o", markersize=10, color=colour, label=label)
        for colour, label in ((NEGATIVE, "class 0"), (POSITIVE, "class 1"))
    ]
    if boundary:
        handles.append(Line2D([], [], color=INK, linewidth=3, label="boundary"))
    _add_legend(figure, handles)


def _draw_line(axes: Any, x: Any, y: NDArray[np.float64], number: int) -> None:
    style = line_style(number)
    axes.plot(
        x, y, color=style.colour, linewidth=2.4, linestyle=(0, style.dashes or ()),
        marker="o" if len(y) == 1 else "",
    )  # fmt: skip


def _add_line_legend(figure: Any, names: tuple[str, ...], guessing: bool = False) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for number, name in enumerate(names):
        style = line_style(number)
        line = Line2D([], [], color=style.colour, linewidth=2.4, label=name)
        line.set_linestyle((0, style.dashes or ()))
        handles.append(line)
    if guessing:
        handles.append(Line2D([], [], color=MUTED, linewidth=1, label="guessing, ln 2"))
    _add_legend(figure, handles)


def _add_legend(figure: Any, handles: list[Any]) -> None:
    figure.legend(
        handles=handles, loc="upper center", ncols=len(handles), frameon=False, labelcolor=INK,
        bbox_to_anchor=(0.5, 1.0), handletextpad=0.5, columnspacing=1.6, borderaxespad=0.3,
        handlelength=2.0,
    )  # fmt: skip


def _mark_guessing(axes: Any, labelled: bool = True) -> None:
    """Draw a thin line at ln 2, the loss of saying ½ to everything."""
    axes.axhline(math.log(2), color=MUTED, linewidth=1)
    if labelled:
        axes.annotate(
            "guessing, ln 2", (0.995, math.log(2)), (0, 2), color=MUTED, ha="right", va="bottom",
            xycoords=("axes fraction", "data"), textcoords="offset points",
        )  # fmt: skip


def _set_ticks(axis: Any, values: NDArray[np.float64]) -> None:
    """Put ticks at the values, left out where they would touch."""
    from matplotlib.ticker import NullLocator

    kept: list[float] = []
    for value in values[::-1]:
        if not kept or kept[-1] / value >= 1.5:
            kept.append(float(value))
    axis.set_ticks(kept, [f"{value:g}" for value in kept])
    axis.set_minor_locator(NullLocator())


def _describe_losses(losses: NDArray[np.float64]) -> str:
    return (
        f"from {losses[0]:.3g}, highest {losses.max():.3g} in epoch {losses.argmax() + 1}, "
        f"to {losses[-1]:.3g}."
    )
