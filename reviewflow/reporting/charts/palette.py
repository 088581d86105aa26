"""Give each variant a line and each class a colour-blind safe colour."""

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
SPLIT_COLOURS = ("#0072B2", "#E69F00", "#7fb8d9")  # training, validation and test rows


@dataclass(frozen=True)
class LineStyle:
    """A line's colour (hex) and dashes.

    Dashes are multiples of the line's width, empty for a solid line.
    """

    colour: str
    dashes: tuple[float, ...]


def line_style(number: int) -> LineStyle:
    """Return the line of variant ``number`` (from 0) in charts and legends."""
    return LineStyle(COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)])


def class_colour(number: int, classes: int) -> str:
    """Return the colour of class ``number`` (from 0) of ``classes``."""
    return (NEGATIVE, POSITIVE)[number] if classes == 2 else COLOURS[number % len(COLOURS)]
