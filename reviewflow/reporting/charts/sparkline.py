"""Draw a figure over runs as a line, in SVG or in block characters.

Both leave a gap where a figure is not known and mark a break where runs stop being comparable.
The SVG has no colours and no letters of its own. The page's style gives it both, in light and dark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from statistics import fmean

BLOCKS = "▁▂▃▄▅▆▇█"
BREAK = "┊"
UNKNOWN = "·"
WIDTH, HEIGHT = 100.0, 30.0  # of the view box, which is stretched to the place that it gets
MARGIN = 3.0  # above the highest and below the lowest value
ROUNDING = 1e-9  # relative difference of means that rounding explains
TICK = 3.5  # height of the mark of a run that did not complete

Values = Sequence[float | None]


def sparkline_text(values: Values, breaks: Sequence[int], width: int) -> str:
    """Return a line of block characters, at most ``width`` long.

    Where there are more values than places, each block is the mean of several.

    Parameters
    ----------
    values : one a run, None where it is not known.
    breaks : positions at which the values stop being comparable with those before.
    """
    bounds = [0, *breaks, len(values)]
    parts = [values[start:stop] for start, stop in pairwise(bounds) if stop > start]
    places = width - len(parts) + 1
    if places < len(parts):
        parts, places = [values], width
    per_block = max(1, -(-len(values) // max(places, 1)))
    while sum(-(-len(part) // per_block) for part in parts) > places:
        per_block += 1
    means = [
        [_mean(part[at : at + per_block]) for at in range(0, len(part), per_block)]
        for part in parts
    ]
    known = [value for part in means for value in part if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    return BREAK.join("".join(_block(value, low, high) for value in part) for part in means)


def runs_per_block(values: Values, breaks: Sequence[int], width: int) -> int:
    """Return how many values one block stands for at most."""
    return -(-len(values) // max(1, len(sparkline_text(values, breaks, width)) - len(breaks)))


def sparkline_svg(
    values: Values, breaks: Sequence[int], description: str, marks: Sequence[str | None] = ()
) -> str:
    """Return an SVG that fills its place, with classes for the page's style.

    Parameters
    ----------
    values, breaks : as for :func:`sparkline_text`.
    description : read out by screen readers.
    marks : class of the tick at the bottom for each run, None for no tick.
    """
    known = [value for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    floor = HEIGHT - (2 * TICK if any(marks) else MARGIN)
    points = [None if value is None else _height(value, low, high, floor) for value in values]
    lines = [
        f'<path class="line" d="{path}"/>'
        for start, stop in pairwise([0, *breaks, len(points)])
        if (path := _path(points, start, stop))
    ]
    places = [place for place, point in enumerate(points) if point is not None]
    if places:
        x, y = _x(places[-1], len(points)), points[places[-1]]
        lines.append(f'<path class="last" d="M{x:.2f} {y:.2f}h0"/>')
    return (
        f'<svg class="sparkline" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(description)}">'
        f"{''.join([*_marks(breaks, marks, len(points)), *lines])}</svg>"
    )


def _marks(breaks: Sequence[int], marks: Sequence[str | None], count: int) -> Iterator[str]:
    """Yield the lines of breaks and of runs that did not complete."""
    for place in breaks:
        x = (_x(place - 1, count) + _x(place, count)) / 2
        yield f'<path class="break" d="M{x:.2f} 0V{HEIGHT:g}"/>'
    for place, kind in enumerate(marks):
        if kind:
            x = _x(place, count)
            yield f'<path class="{escape(kind)}" d="M{x:.2f} {HEIGHT:g}v{-TICK:g}"/>'


def _path(points: Values, start: int, stop: int) -> str:
    """Return the path through the known points from one break to the next.

    A value that is not known interrupts no line: most such runs failed, and the next night went on.
    """
    known = [(place, points[place]) for place in range(start, stop)]
    places = [f"{_x(place, len(points)):.2f} {y:.2f}" for place, y in known if y is not None]
    if len(places) == 1:
        return f"M{places[0]}h0"
    return "M" + "L".join(places) if places else ""


def _x(place: int, count: int) -> float:
    return WIDTH * (0.5 if count < 2 else 0.01 + 0.98 * place / (count - 1))


def _height(value: float, low: float, high: float, floor: float) -> float:
    """Return the y of a value, from the top.

    Parameters
    ----------
    floor : the y of the lowest value.
    """
    return floor - _share(value, low, high) * (floor - MARGIN)


def _share(value: float, low: float, high: float) -> float:
    """Return the place of a value in the range, 0 to 1.

    Where all are equal but for rounding, that is in the middle.
    """
    if high - low <= ROUNDING * max(abs(low), abs(high)):
        return 0.5
    return (value - low) / (high - low)


def _mean(values: Values) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _block(value: float | None, low: float, high: float) -> str:
    if value is None:
        return UNKNOWN
    share = _share(value, low, high)
    return BLOCKS[min(len(BLOCKS) - 1, int(share * len(BLOCKS)))]
