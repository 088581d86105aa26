"""Give each variant a line and each class a colour-blind safe colour."""

from collections.abc import Sequence
from dataclasses import dataclass

# Okabe and Ito's palette without its yellow, strongest contrast on white first.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
# Lengths of dash and gap as multiples of the line's width. Four dashes and seven colours repeat a
# pair only after 28 variants.
DASHES: tuple[tuple[float, ...], ...] = ((), (4.0, 1.6), (1.2, 1.4), (6.0, 1.6, 1.2, 1.6))

NEGATIVE = "#D55E00"  # class 0 of two
POSITIVE = "#0072B2"  # class 1 of two
INK = "#22303c"
MUTED = "#5b6975"
GRID = "#dde3e8"
OTHERS = "#b9c4ce"  # variants that the legend leaves out
MOST_LINES = 10  # that can be told apart
SPLIT_COLOURS = ("#0072B2", "#E69F00", "#7fb8d9")  # training, validation and test rows


@dataclass(frozen=True)
class LineStyle:
    """A line's colour (hex) and dashes.

    Dashes are multiples of the line's width, empty for a solid line.
    """

    colour: str
    dashes: tuple[float, ...]


def variant_lines(ranking: Sequence[int]) -> dict[int, int]:
    """Return the line of each variant in charts, by its number.

    Of more than :data:`MOST_LINES` variants the best have one.

    Parameters
    ----------
    ranking : numbers of the variants, from the best to the worst.
    """
    if len(ranking) <= MOST_LINES:
        return {number: number for number in sorted(ranking)}
    return {number: line for line, number in enumerate(ranking[:MOST_LINES])}


def line_style(number: int) -> LineStyle:
    """Return line ``number`` (from 0) of charts and legends."""
    return LineStyle(COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)])


def class_colour(number: int, classes: int) -> str:
    """Return the colour of class ``number`` (from 0) of ``classes``."""
    return (NEGATIVE, POSITIVE)[number] if classes == 2 else COLOURS[number % len(COLOURS)]
