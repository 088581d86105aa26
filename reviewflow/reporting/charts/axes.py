"""Draw what all charts share: plain axes, few ticks, variants' lines."""

from __future__ import annotations

from typing import Any
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import NDArray

from reviewflow.formatting import visible
from reviewflow.reporting.charts.palette import GRID, INK, MUTED, OTHERS, LineStyle, line_style

WIDE = ("W", "F")  # letters that take the place of two, such as Chinese ones


def add_axes(figure: Any, place: tuple[float, ...], x_label: str, y_label: str) -> Any:
    """Add axes to a figure: a light grid, no frame, muted tick labels.

    Parameters
    ----------
    place : left, bottom, width and height as shares of the figure.

    Returns
    -------
    matplotlib.axes.Axes
    """
    axes = figure.add_axes(place)
    axes.set_axisbelow(True)
    axes.grid(color=GRID, linewidth=1)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.tick_params(colors=MUTED, length=0, pad=7)
    axes.set_xlabel(x_label, color=INK, labelpad=6)
    axes.set_ylabel(y_label, color=INK, labelpad=8)
    axes.set_facecolor("none")
    return axes


def limit_ticks(axis: Any, most: int, whole: bool = False) -> None:
    """Set at most ``most`` + 1 ticks, at round or whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(most, integer=whole))


def draw_variant_line(
    axes: Any, line: int | None, x: NDArray[np.float64], y: NDArray[np.float64], width: float
) -> None:
    """Draw a variant's line as in the legend.

    Parameters
    ----------
    line : which line of the palette; None for a variant that the legend leaves out.
    """
    style = LineStyle(OTHERS, ()) if line is None else line_style(line)
    axes.plot(
        x,
        y,
        color=style.colour,
        linestyle=(0, style.dashes) if style.dashes else "-",
        linewidth=1 if line is None else width,
        zorder=1.5 if line is None else 2,
        marker="o" if len(x) == 1 else "",
    )


def finite_values(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values that are neither NaN nor infinite."""
    return values[np.isfinite(values)]


def short_label(name: str, most: int) -> str:
    """Return a class name on one line, cut to the width of ``most`` letters.

    It is cut in the middle, since names of classes differ at either end.
    """
    line = " ".join(visible(name).split())
    if label_width(line) <= most:
        return line
    tail = _fitting(line[::-1], (most - 1) // 2)[::-1]
    head = _fitting(line, most - 1 - label_width(tail))
    return f"{head.rstrip()}…{tail.lstrip()}"


def _fitting(text: str, most: int) -> str:
    """Return as much of a text's beginning as a width of ``most`` takes."""
    count, width = 0, 0
    for letter in text:
        width += label_width(letter)
        if width > most:
            break
        count += 1
    return text[:count]


def label_width(text: str) -> int:
    """Return the width of a text, in letters of the Latin alphabet."""
    return sum(1 + (east_asian_width(letter) in WIDE) for letter in text)
