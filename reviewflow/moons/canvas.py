"""Render a drawing function as one picture, in SVG and in PNG."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.reporting.charts.palette import GRID, INK, MUTED
from reviewflow.reporting.charts.svg import MATPLOTLIB_LOCK, TEXT_SIZE, render_svg

BACKGROUND = "#ffffff"
PIXELS_A_UNIT = 2.5  # a view box 640 wide becomes a PNG 1600 pixels wide


@dataclass(frozen=True)
class Picture:
    """One picture, as SVG text and as PNG bytes."""

    svg: str
    png: bytes


def render_picture(
    name: str,
    size: tuple[int, int],
    draw: Callable[[Any], None],
    *,
    title: str,
    description: str,
) -> Picture:
    """Return what ``draw`` puts on an empty figure with a white background.

    The arguments are those of :func:`reviewflow.reporting.charts.svg.render_svg`. The bytes depend
    on them alone: no date, no random ids.
    """

    def draw_on_white(figure: Any) -> None:
        from matplotlib.patches import Rectangle

        figure.add_artist(Rectangle((0, 0), 1, 1, color=BACKGROUND, zorder=-10))
        draw(figure)

    svg = render_svg(name, size, draw_on_white, title=title, description=description)
    return Picture(svg, _png(size, draw))


def _png(size: tuple[int, int], draw: Callable[[Any], None]) -> bytes:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with MATPLOTLIB_LOCK, matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"font.family": "DejaVu Sans", "font.size": TEXT_SIZE})
        figure = Figure(figsize=(size[0] / 72, size[1] / 72), dpi=72 * PIXELS_A_UNIT)
        figure.set_facecolor(BACKGROUND)
        FigureCanvasAgg(figure)
        draw(figure)
        file = BytesIO()
        figure.savefig(file, format="png", metadata={"Software": None}, facecolor=BACKGROUND)
    return file.getvalue()


def add_plain_axes(
    figure: Any, place: tuple[float, float, float, float], x_label: str, y_label: str
) -> Any:
    """Add axes with a light grid and no frame.

    ``place`` is left, bottom, width and height, as shares of the figure.
    """
    axes = figure.add_axes(place)
    axes.set_axisbelow(True)
    axes.grid(color=GRID, linewidth=1)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.tick_params(which="both", colors=MUTED, length=0, pad=7)
    axes.set_xlabel(x_label, color=INK, labelpad=6)
    axes.set_ylabel(y_label, color=INK, labelpad=8)
    axes.set_facecolor("none")
    return axes


def label_plainly(axis: Any) -> None:
    """Label a logarithmic axis 0.01, 1, 1,000 instead of by powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(10, numticks=7))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:,.9f}".rstrip("0").rstrip("."))
    )


def draw_dots(axes: Any, X: NDArray[np.float64], colour: str, width: float) -> None:
    """Draw a dot at each row of X, shape (N, 2).

    All dots are one path, which takes a tenth of the SVG that markers take. A dot is a line with
    round caps that is too short to be seen.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not len(X):
        return
    ends = np.stack([X, X + np.array([1e-5, 0])], axis=1).reshape(-1, 2)
    path = Path(ends, np.tile([Path.MOVETO, Path.LINETO], len(X)))
    path.should_simplify = False
    axes.add_patch(PathPatch(path, fill=False, edgecolor=colour, linewidth=width, capstyle="round"))
