"""Print a table that fits the terminal, whatever its cells hold.

columns and rows ─ drop and shorten columns until the width suffices ─▶ lines, in colour if wanted

Elsewhere than in a terminal nothing is dropped, shortened or coloured.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from flows.commands.output import encodable, one_line
from reviewflow.formatting import NOTHING

GAP = 2  # spaces between two columns
NARROWEST = 20  # columns of a terminal that are reckoned with
COLOURS: Mapping[str, str] = MappingProxyType(
    {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "bold": "1", "dim": "2"}
)


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    right : whether its cells are set to the right.
    least : places to which its cells may be shortened; None for never.
    rank : where the width does not suffice, the column of the highest rank goes first. One of rank
        0 stays.
    """

    title: str
    right: bool = False
    least: int | None = None
    rank: int = 0


@dataclass(frozen=True)
class Cell:
    """A cell with a colour of :data:`COLOURS`."""

    text: str
    colour: str = ""


def say_fitted_table(columns: Sequence[Column], rows: Sequence[Sequence[Cell | str]]) -> None:
    """Print a table, fitted to the terminal if there is one."""
    width = terminal_width()
    lines = table_lines(columns, rows, width, use_colour=width is not None and wants_colour())
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write("".join(f"{encodable(line, encoding)}\n" for line in lines))
    sys.stdout.flush()


def terminal_width() -> int | None:
    """Return the width of the terminal, None if the output goes elsewhere."""
    if not sys.stdout.isatty():
        return None
    return max(NARROWEST, shutil.get_terminal_size().columns)


def wants_colour() -> bool:
    """Return whether the terminal has colours that nobody has refused."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def fits_encoding(text: str) -> bool:
    """Return whether the output can write a text."""
    encoding = sys.stdout.encoding or "utf-8"
    return encodable(text, encoding) == text


def delta_title() -> str:
    """Return the title of a column of changes."""
    return "Δ" if fits_encoding("Δ") else "change"


def table_lines(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell | str]],
    width: int | None,
    use_colour: bool = False,
) -> Iterator[str]:
    """Yield the lines of a table.

    Parameters
    ----------
    width : places of a line; None for as many as it takes.
    """
    encoding = sys.stdout.encoding or "utf-8"
    cells = [[_plain_cell(cell, encoding) for cell in row] for row in rows]
    natural = [
        max([text_width(column.title), *(text_width(row[place].text) for row in cells)])
        for place, column in enumerate(columns)
    ]
    widths = natural if width is None else fitted_widths(columns, natural, width)
    heads = [Cell(column.title, "bold") for column in columns]
    for row in [heads, *cells]:
        yield _line(columns, row, widths, use_colour)


def fitted_widths(columns: Sequence[Column], natural: Sequence[int], width: int) -> list[int]:
    """Return the width of each column, 0 for one that is left out.

    Parameters
    ----------
    natural : the width that each column takes unshortened.
    """
    kept = list(range(len(columns)))
    while _least_width(columns, natural, kept) > width:
        ranked = [place for place in kept if columns[place].rank > 0]
        if not ranked:
            break
        kept.remove(max(ranked, key=lambda place: columns[place].rank))
    widths = [natural[place] if place in kept else 0 for place in range(len(columns))]
    while sum(widths) + GAP * (len(kept) - 1) > width:
        flexible = [
            place for place in kept if widths[place] > _least(columns[place], natural[place])
        ]
        if not flexible:
            break
        widths[max(flexible, key=lambda place: widths[place])] -= 1
    return widths


def text_width(text: str) -> int:
    """Return the places that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def shorten(text: str, places: int) -> str:
    """Return a text of at most so many places, its end replaced by ``…``."""
    if text_width(text) <= places:
        return text
    mark = "…" if fits_encoding("…") else "~"
    kept, used = "", 0
    for letter in text:
        used += text_width(letter)
        if used > places - 1:
            break
        kept += letter
    return f"{kept.rstrip()}{mark}" if places > 0 else ""


def _least(column: Column, natural: int) -> int:
    return natural if column.least is None else min(natural, column.least)


def _least_width(columns: Sequence[Column], natural: Sequence[int], kept: Sequence[int]) -> int:
    own = sum(_least(columns[place], natural[place]) for place in kept)
    return own + GAP * (len(kept) - 1)


def _plain_cell(cell: Cell | str, encoding: str) -> Cell:
    """Return a cell whose text is on one line and can be written."""
    own = cell if isinstance(cell, Cell) else Cell(cell)
    return Cell(encodable(one_line(own.text or NOTHING), encoding), own.colour)


def _line(
    columns: Sequence[Column], row: Sequence[Cell], widths: Sequence[int], use_colour: bool
) -> str:
    parts = []
    for column, cell, width in zip(columns, row, widths, strict=True):
        if width == 0:
            continue
        text = shorten(cell.text, width)
        space = " " * (width - text_width(text))
        if use_colour and cell.colour:
            text = f"\x1b[{COLOURS[cell.colour]}m{text}\x1b[0m"
        parts.append(space + text if column.right else text + space)
    return (" " * GAP).join(parts).rstrip()
