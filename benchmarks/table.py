"""Show figures as a table: medians, their spread and ratios."""

from dataclasses import dataclass
from statistics import median

HEAD = ("measured", "reviewflow", "beside", "takes", "times as much")


@dataclass(frozen=True)
class Row:
    """One thing measured several times, alone or beside another way to do it.

    Attributes
    ----------
    measured : what was measured.
    unit : ``s``, ``ms``, ``µs`` or ``MB``.
    ours : one figure a run.
    beside : the name of the other way, empty if there is none.
    theirs : figures of the other way, from the same runs as ``ours``.
    """

    measured: str
    unit: str
    ours: tuple[float, ...]
    beside: str = ""
    theirs: tuple[float, ...] = ()

    def ratios(self) -> tuple[float, ...]:
        """Return how many times as much the other way takes, run by run."""
        return tuple(theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True))

    def cells(self) -> tuple[str, ...]:
        """Return the row as text."""
        ours = f"{spread(self.ours)} {self.unit}"
        if not self.theirs:
            return self.measured, ours, "", "", ""
        theirs = f"{spread(self.theirs)} {self.unit}"
        return self.measured, ours, self.beside, theirs, spread(self.ratios())


def spread(figures: tuple[float, ...]) -> str:
    """Return the median and the range of figures: ``1.2 (1.1–1.5)``."""
    middle = digits(median(figures))
    if len(figures) == 1:
        return middle
    return f"{middle} ({digits(min(figures))}–{digits(max(figures))})"


def digits(figure: float) -> str:
    """Return a figure with three significant digits, or all of a large one."""
    places = 0 if figure >= 100 else 1 if figure >= 10 else 2 if figure >= 1 else 3
    return f"{figure:,.{places}f}"


def table(rows: list[Row]) -> str:
    """Return a Markdown table whose columns line up in a terminal too."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    padded = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]
    rule = "| " + " | ".join("-" * width for width in widths) + " |"
    return "\n".join([padded[0], rule, *padded[1:]])
