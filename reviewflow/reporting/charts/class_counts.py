"""Draw how many rows each class has in each split.

two classes ────▶ a bar a class and split
more of them ───▶ a bar a class, its splits one after the other
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import amount
from reviewflow.reporting.charts.axes import add_axes, label_width, limit_ticks, short_label
from reviewflow.reporting.charts.palette import INK, MUTED, SPLIT_COLOURS, class_colour
from reviewflow.reporting.charts.svg import render_svg
from reviewflow.reviews.split import SPLITS

LETTER = 10.4  # width of a letter in the chart's text, of the view box
LONGEST_NAME = 22  # letters of a class name beside its bar
MOST_BARS = 30  # classes that get a bar of their own


@dataclass(frozen=True)
class ClassCounts:
    """How many rows of each class there are.

    Attributes
    ----------
    names : of the K classes.
    rows : by split, the rows of each class, K numbers.
    missing : by split, the rows without a label.
    """

    names: tuple[str, ...]
    rows: Mapping[str, Sequence[int]]
    missing: Mapping[str, int]

    @property
    def total(self) -> int:
        """All rows, with and without a label."""
        return sum(map(sum, self.rows.values())) + sum(self.missing.values())


def class_chart(counts: ClassCounts) -> str:
    """Return bars of the rows of each class in each split."""
    return _chart_of_two(counts) if len(counts.names) <= 2 else _chart_of_many(counts)


def _chart_of_two(counts: ClassCounts) -> str:
    """Return a bar for each class of each split."""
    bars = _bars_of_two(counts)
    names, rows = [name for name, *_ in bars], [count for *_, count in bars]
    widest = max([*rows, 1])

    def draw(figure: Any) -> None:
        left = _left_margin(names)
        axes = add_axes(figure, (left, 0.2, 0.935 - left, 0.78), "rows", "")
        axes.barh(range(len(bars)), rows, height=0.66, color=[colour for _, colour, _ in bars])
        _write_counts(axes, [f"{count:,}" for count in rows], rows, widest)
        _finish_axes(axes, names, widest * 1.2)

    words = "; ".join(f"{name}: {count:,}" for name, _, count in bars)
    return render_svg(
        "classes",
        (640, 90 + 46 * max(len(bars), 1)),
        draw,
        title=f"Rows of each class in {_splits_in_words(counts)}",
        description=f"{words}." if words else "There are no rows.",
    )


def _bars_of_two(counts: ClassCounts) -> list[tuple[str, str, int]]:
    """Return name, colour and rows of each bar, split after split."""
    bars = []
    for split, rows in counts.rows.items():
        for number, (name, count) in enumerate(zip(counts.names, rows, strict=True)):
            label = f"{split}, {short_label(name, LONGEST_NAME)}"
            bars.append((label, class_colour(number, 2), count))
        if counts.missing.get(split):
            bars.append((f"{split}, no label", MUTED, counts.missing[split]))
    return bars


def _chart_of_many(counts: ClassCounts) -> str:
    """Return a bar for each class, in pieces for the splits."""
    shown = range(min(len(counts.names), MOST_BARS))
    totals = [sum(rows[k] for rows in counts.rows.values()) for k in range(len(counts.names))]
    names = [short_label(counts.names[k], LONGEST_NAME) for k in shown]
    widest, labelled = max([*totals, 1]), max(sum(totals), 1)
    height = 140 + 40 * len(shown)

    def draw(figure: Any) -> None:
        left = _left_margin(names)
        place = (left, 80 / height, 0.94 - left, 1 - 140 / height)
        axes = add_axes(figure, place, "rows", "")
        _draw_pieces(axes, counts, shown)
        shares = [f"{totals[k]:,} ({totals[k] / labelled:.1%})" for k in shown]
        _write_counts(axes, shares, totals, widest)
        _finish_axes(axes, names, widest * 1.45)

    words = "; ".join(f"{name}: {totals[k]:,}" for k, name in zip(shown, names, strict=True))
    hidden = len(counts.names) - len(shown)
    more = f" {amount(hidden, 'class is', 'classes are')} not drawn." if hidden else ""
    return render_svg(
        "classes",
        (640, height),
        draw,
        title=f"Rows of each class in {_splits_in_words(counts)}",
        description=f"{words}.{more}",
    )


def _draw_pieces(axes: Any, counts: ClassCounts, shown: range) -> None:
    """Draw the bar of each class in pieces, with a legend of the splits."""
    before = [0] * len(shown)
    for split, rows in counts.rows.items():
        colour, own = SPLIT_COLOURS[SPLITS.index(split)], [rows[k] for k in shown]
        axes.barh(shown, own, left=before, height=0.66, color=colour, label=split)
        before = [start + count for start, count in zip(before, own, strict=True)]
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, frameon=False, labelcolor=INK,
        handlelength=1, columnspacing=1.4, borderaxespad=0.2,
    )  # fmt: skip


def _splits_in_words(counts: ClassCounts) -> str:
    if "validation" in counts.rows:
        return "the training, the validation and the test split"
    return "the training and the test split"


def _left_margin(names: Sequence[str]) -> float:
    """Return the share of the figure left of the bars, for the longest name."""
    return max([0.265, *((label_width(name) * LETTER + 10) / 640 for name in names)])


def _write_counts(axes: Any, texts: Sequence[str], rows: Sequence[int], widest: int) -> None:
    """Write a text behind each bar."""
    for position, (text, count) in enumerate(zip(texts, rows, strict=False)):
        axes.text(count + widest * 0.015, position, text, va="center", color=INK)


def _finish_axes(axes: Any, names: Sequence[str], right: float) -> None:
    """Set the names of the bars, and where the axes end."""
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_xlim(0, right)
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.tick_params(axis="y", colors=INK)
    limit_ticks(axes.xaxis, 4)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(False, axis="y")
