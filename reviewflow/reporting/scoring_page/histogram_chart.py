"""Draw two histograms over each other as SVG, by hand.

    shares of validation rows (filled) ─┬─ lengths, unknown words, probabilities: steps over bins
    shares of scored rows (a line) ─────┴─ labels: two bars a class

Colours are classes of the page's style sheet, so that a chart is light or dark as its page is. No
chart library is imported, since a run that scores files should not wait for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from reviewflow.reporting.charts.axes import short_label

WIDTH, HEIGHT = 440, 250  # of the view box, whose text is 14 high
LEFT, RIGHT, TOP, BOTTOM = 52, 26, 30, 52
STEPS = (0.02, 0.05, 0.1, 0.2, 0.25)  # between ticks of shares
MOST_TICKS = 4
MOST_CLASSES = 12  # of the chart of labels; the others share a bar
CLASS_HEIGHT = 62
BAR_HEIGHT = 12
LONGEST_NAME = 40  # letters of a class name above its bars


@dataclass(frozen=True)
class Histogram:
    """Rows of two populations in B bins.

    Attributes
    ----------
    title : what is counted.
    x_label : the axis of the bins, empty where they are classes.
    bins : names of the bins, B texts.
    ticks : number of the bin at whose left edge a tick is, and its text; none of classes.
    before, now : rows in each bin, of the validation rows and of the scored ones.
    """

    title: str
    x_label: str
    bins: tuple[str, ...]
    ticks: tuple[tuple[int, str], ...]
    before: tuple[int, ...]
    now: tuple[int, ...]


def histogram_chart(histogram: Histogram) -> str:
    """Return the two histograms as one ``<svg>`` element."""
    before, now = shares(histogram.before), shares(histogram.now)
    if not histogram.x_label:
        return _class_bars(histogram, before, now)
    step = _tick_step(max(*before, *now))
    top = step * -(-max(*before, *now, step) // step)
    body = [
        *_share_axis(step, top),
        f'<path class="before" d="{_steps(before, top)}"/>',
        f'<path class="now" d="{_steps(now, top)}"/>',
        *_bin_axis(histogram),
    ]
    return _svg(HEIGHT, histogram, before, now, body)


def shares(rows: Sequence[int]) -> list[float]:
    """Return the share of all rows in each bin, 0 where there are none."""
    total = sum(rows)
    return [count / total if total else 0.0 for count in rows]


def percent(share: float) -> str:
    """Return a share in percent, with a decimal below ten."""
    return f"{share:.0%}".replace("%", " %") if share >= 0.0995 else f"{100 * share:.1f} %"


def _tick_step(highest: float) -> float:
    """Return the distance of ticks on the axis of shares."""
    return next((step for step in STEPS if highest <= MOST_TICKS * step), STEPS[-1])


def _share_axis(step: float, top: float) -> list[str]:
    """Return lines, their labels and the title of the axis of shares."""
    marks = ['<text x="0" y="14">share of rows</text>']
    for number in range(round(top / step) + 1):
        y = _y(number * step, top)
        marks.append(f'<path class="rule" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        label = f"{100 * number * step:.0f} %"
        marks.append(f'<text class="end" x="{LEFT - 8}" y="{y + 5:.1f}">{label}</text>')
    return marks


def _bin_axis(histogram: Histogram) -> list[str]:
    """Return the labels and the title of the axis of bins."""
    middle, bins = (LEFT + WIDTH - RIGHT) / 2, len(histogram.bins)
    marks = [
        f'<text class="middle" x="{_x(number, bins):.1f}" y="{HEIGHT - BOTTOM + 20}">'
        f"{escape(label)}</text>"
        for number, label in histogram.ticks
    ]
    label = escape(histogram.x_label)
    return [*marks, f'<text class="middle" x="{middle:.0f}" y="{HEIGHT - 8}">{label}</text>']


def _steps(heights: Sequence[float], top: float) -> str:
    """Return the outline of a histogram from the base line and back to it."""
    outline = [f"M{LEFT} {_y(0, top):.1f}"]
    for number, height in enumerate(heights):
        outline.append(f"V{_y(height, top):.1f}H{_x(number + 1, len(heights)):.1f}")
    return "".join([*outline, f"V{_y(0, top):.1f}"])


def _x(number: float, bins: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * number / bins


def _y(share: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share / top


def _class_bars(histogram: Histogram, before: list[float], now: list[float]) -> str:
    """Return two bars for each class, and a line for those without bars."""
    lines = list(zip(histogram.bins, before, now, strict=True))
    if len(lines) > MOST_CLASSES:
        lines.sort(key=lambda line: -max(line[1:]))
    shown, rest = lines[:MOST_CLASSES], lines[MOST_CLASSES:]
    widest = max([*(max(old, new) for _, old, new in shown), 0.01])
    body = []
    for number, (name, old, new) in enumerate(shown):
        y = 14 + number * CLASS_HEIGHT
        name = escape(short_label(name, LONGEST_NAME))
        body.append(f'<text class="name" x="0" y="{y}">{name}</text>')
        body += _bar("before", old, widest, y + 7) + _bar("now", new, widest, y + 23)
    height = CLASS_HEIGHT * len(shown)
    if rest:
        of_old, of_new = sum(line[1] for line in rest), sum(line[2] for line in rest)
        words = (
            f"{len(rest)} other classes: {percent(of_old)} of validation rows, "
            f"{percent(of_new)} of scored rows"
        )
        body.append(f'<text x="0" y="{height + 16}">{words}</text>')
        height += 24
    return _svg(height, histogram, before, now, body)


def _bar(kind: str, share: float, widest: float, top: int) -> list[str]:
    """Return the bar of a share with its text behind it."""
    long = max((WIDTH - 64) * share / widest, 1.5)
    outline = f"M0 {top}h{long:.1f}v{BAR_HEIGHT}h-{long:.1f}z"
    return [
        f'<path class="bar {kind}" d="{outline}"/>',
        f'<text x="{long + 6:.1f}" y="{top + 11}">{percent(share)}</text>',
    ]


def _svg(
    height: int, histogram: Histogram, before: list[float], now: list[float], body: list[str]
) -> str:
    words = escape(
        f"{histogram.title}. Most frequent among the validation rows: "
        f"{_most_frequent(histogram, before)}; among the scored rows: "
        f"{_most_frequent(histogram, now)}."
    )
    return (
        f'<svg class="histogram" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{words}">'
        f"{''.join(body)}</svg>"
    )


def _most_frequent(histogram: Histogram, heights: list[float]) -> str:
    number = max(range(len(heights)), key=heights.__getitem__)
    return f"{histogram.bins[number]} ({percent(heights[number])})"
