"""Draw the confusion matrix: how rows of each class are predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.reporting.charts.axes import add_axes, short_label
from reviewflow.reporting.charts.palette import INK
from reviewflow.reporting.charts.svg import render_svg

MOST_DRAWN = 20  # classes, after which no cell would be seen
MOST_WITH_COUNTS = 6  # classes with room for a count and a share in each cell
MOST_WITH_SHARES = 12
NAME_LETTERS = 15  # of a class beside a small cell
MOST_CONFUSIONS = 20


@dataclass(frozen=True)
class Confusion:
    """Rows of one class that are predicted as another."""

    labelled: str
    predicted: str
    rows: int
    share: float


def confusion_chart(counts: NDArray[np.int64], names: tuple[str, ...]) -> str:
    """Return the chart of the counts, shaded by share of the class.

    Parameters
    ----------
    counts : shape (K, K), labels down, predictions across.
    names : of the K classes.
    """
    if len(names) == 2:
        return _chart_of_two(counts, names)
    return _chart_of_many(counts, names)


def largest_confusions(counts: NDArray[np.int64], names: tuple[str, ...]) -> list[Confusion]:
    """Return the pairs of classes that are most often confused."""
    totals = np.maximum(counts.sum(axis=1), 1)
    pairs = [
        Confusion(names[i], names[j], int(rows), float(rows / totals[i]))
        for (i, j), rows in np.ndenumerate(counts)
        if i != j and rows
    ]
    return sorted(pairs, key=lambda pair: -pair.rows)[:MOST_CONFUSIONS]


def _class_shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _draw_cells(axes: Any, shares: NDArray[np.float64], width: float) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("shares", ("#f4f7fa", "#8fc1e3"))
    axes.pcolormesh(shares, cmap=shades, vmin=0, vmax=1, edgecolors="white", linewidth=width)


def _finish_axes(axes: Any, classes: int) -> None:
    axes.set(xlim=(0, classes), ylim=(classes, 0))
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, colors=INK)


def _chart_of_two(counts: NDArray[np.int64], names: tuple[str, ...]) -> str:
    shares = _class_shares(counts)
    short = [short_label(name, 16) for name in names]

    def draw(figure: Any) -> None:
        axes = add_axes(figure, (0.16, 0.155, 0.815, 0.815), "predicted", "labelled")
        _draw_cells(axes, shares, 4)
        for (row, column), count in np.ndenumerate(counts):
            centre = column + 0.5
            axes.text(centre, row + 0.47, f"{count:,}", ha="center", size=30, color=INK)
            words = f"{shares[row, column]:.1%} of {short_label(names[row], 10)}"
            axes.text(
                centre, row + 0.62, words, ha="center", va="center", color=INK, size=17,
                parse_math=False,
            )  # fmt: skip
        axes.set_xticks((0.5, 1.5), short, parse_math=False)
        axes.set_yticks((0.5, 1.5), short, rotation=90, va="center", parse_math=False)
        _finish_axes(axes, 2)

    (tn, fp), (fn, tp) = counts.tolist()
    first, second = (short_label(name, 60) for name in names)
    return render_svg(
        "confusion",
        (500, 500),
        draw,
        title="Confusion matrix of the best variant on the test rows",
        description=f"Of {tn + fp:,} {first} rows {tn:,} are predicted {first} and {fp:,} "
        f"{second}; of {fn + tp:,} {second} rows {tp:,} are predicted {second} and {fn:,} "
        f"{first}.",
    )


def _chart_of_many(counts: NDArray[np.int64], names: tuple[str, ...]) -> str:
    classes, shares = len(names), _class_shares(counts)

    def draw(figure: Any) -> None:
        axes = add_axes(figure, (0.245, 0.245, 0.74, 0.74), "predicted", "labelled")
        _draw_cells(axes, shares, 3 if classes <= MOST_WITH_SHARES else 1)
        for (row, column), count in np.ndenumerate(counts):
            share = float(shares[row, column])
            for text, lower, size in _cell_texts(int(count), share, classes):
                axes.text(
                    column + 0.5, row + lower, text, ha="center", va="center", size=size, color=INK
                )
        _name_classes(axes, names)
        _finish_axes(axes, classes)

    return render_svg(
        "confusion",
        (640, 640),
        draw,
        title="Confusion matrix of the best variant on the test rows",
        description=" ".join(
            f"Of {counts[k].sum():,} {short_label(name, 60)} rows {counts[k, k]:,} are predicted "
            "rightly."
            for k, name in enumerate(names)
        ),
    )


def _name_classes(axes: Any, names: tuple[str, ...]) -> None:
    """Write the names beside the cells, aslant where there is room."""
    short = [short_label(name, NAME_LETTERS) for name in names]
    middles, aslant = np.arange(len(names)) + 0.5, len(names) <= MOST_WITH_SHARES
    size = 16 if aslant else 13
    turned: dict[str, Any] = {"rotation": 90}
    if aslant:
        turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(middles, short, parse_math=False, size=size, **turned)
    axes.set_yticks(middles, short, parse_math=False, size=size)


def _cell_texts(count: int, share: float, classes: int) -> list[tuple[str, float, int]]:
    """Return the texts of a cell, with their places and sizes."""
    if classes <= MOST_WITH_COUNTS:
        large = 24 if classes <= 4 else 18
        return [(f"{count:,}", 0.40, large), (f"{share:.0%}", 0.70, 15)]
    if classes <= MOST_WITH_SHARES:
        return [(f"{share:.0%}", 0.5, 14)]
    return []
