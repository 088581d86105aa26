"""Place each variant's figure and its interval on one axis.

cells of the chosen metric ─▶ the axis from the lowest to the highest end ─▶ positions in per cent
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reviewflow.evaluation.metrics import Metric
from reviewflow.reporting.page.variant_table import SPLIT_TITLES, MetricCell, VariantRow

MOST_TICKS = 5
FINEST = 1e-9  # differences below it are none
MARGIN = 0.04  # of the axis, on either side


@dataclass(frozen=True)
class IntervalRow:
    """One variant.

    Attributes
    ----------
    text : its figure.
    value, low, high : positions on the axis in per cent. Without an interval, low and high are
        the value's.
    """

    name: str
    best: bool
    text: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class IntervalChart:
    """Variants with a figure, one below the other.

    Attributes
    ----------
    ticks : position in per cent and number of each tick.
    """

    title: str
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[IntervalRow, ...]


def interval_chart(
    variants: Sequence[VariantRow], metric: Metric, split: str
) -> IntervalChart | None:
    """Return the chart of variants in their order.

    None for fewer than two figures.
    """
    cells = [(variant, variant.cells[split][metric.name]) for variant in variants]
    known = [(variant, cell, _ends(cell)) for variant, cell in cells if cell.value is not None]
    if len(known) < 2:
        return None
    low = min(ends[0] for _, _, ends in known)
    high = max(ends[1] for _, _, ends in known)
    widths = (high - low, abs(high), 1.0)
    margin = MARGIN * next(width for width in widths if width > FINEST)
    left, right = low - margin, high + margin

    def place(value: float) -> float:
        return round(100 * (value - left) / (right - left), 2)

    title = f"{metric.title} on the {SPLIT_TITLES[split]} rows"
    has_intervals = any(cell.ends for _, cell, _ in known)
    return IntervalChart(
        f"{title}, with 95 % intervals" if has_intervals else title,
        tuple((place(tick), text) for tick, text in axis_ticks(left, right)),
        tuple(
            IntervalRow(
                variant.name,
                variant.best,
                cell.text,
                place(0.0 if cell.value is None else cell.value),
                place(ends[0]),
                place(ends[1]),
            )
            for variant, cell, ends in known
        ),
    )


def axis_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Return round numbers between two ends, and their texts.

    There are about ``MOST_TICKS`` of them at most.
    """
    least = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
    digits = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(low / step), math.floor(high / step)
    return [(number * step, f"{number * step:.{digits}f}") for number in range(first, last + 1)]


def _ends(cell: MetricCell) -> tuple[float, float]:
    if cell.ends is not None:
        return cell.ends
    value = 0.0 if cell.value is None else cell.value
    return value, value
