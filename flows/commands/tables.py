"""Answers of the command line: rich tables in a terminal, aligned text elsewhere, or JSON.

Nothing that comes from data is taken for markup or acts on the terminal.
"""

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import click
from rich.cells import cell_len

from reviewflow.formatting import NOTHING, duration, visible

Cells = Sequence[Any]


def say(sentence: str, err: bool = False) -> None:
    """Print one line of text whatever the terminal's encoding."""
    click.echo(_encodable(one_line(sentence), sys.stderr if err else sys.stdout), err=err)


def say_json(value: Any) -> None:
    """Print a value as JSON that any reader takes: ASCII only, null for what is no number."""
    click.echo(json.dumps(_strict(value), indent=1, allow_nan=False))


def say_table(title: str, columns: Sequence[str], rows: Sequence[Cells]) -> None:
    """Print a table below a title, if any.

    A column ``>name`` is set to the right; one called ``run`` or ``key`` is never folded, so that
    it can be copied.
    """
    names = [name.removeprefix(">") for name in columns]
    right = [name.startswith(">") for name in columns]
    shown = [[one_line(NOTHING if cell is None else cell) for cell in row] for row in rows]
    if title:
        click.echo()
    if sys.stdout.isatty():
        _rich_table(title, names, right, shown)
        return
    if title:
        say(title)
    widths = [max(map(cell_len, column)) for column in zip(names, *shown, strict=True)]
    for row in [names, *shown]:
        cells = [
            _padded(cell, width, flush)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ]
        say("  ".join(cells).rstrip())


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, told (done, total) in bytes; nothing outside a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn(label, markup=False),
        BarColumn(bar_width=32),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def one_line(value: Any) -> str:
    """Text from data on one line, with what a terminal obeys written out."""
    return " ".join(visible(value).splitlines()).replace("\t", " ")


def age(seconds: float) -> str:
    """How long ago: seconds and minutes as a duration, then hours and days."""
    if seconds < 86_400:
        return duration(max(seconds, 0.0) if seconds < 60 else math.floor(seconds))
    days = int(seconds // 86_400)
    return f"{days:,} day{'s' * (days != 1)}"


def _rich_table(
    title: str, names: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[str]]
) -> None:
    from rich.table import Table
    from rich.text import Text

    from flows.commands.progress import Terminal

    table = Table(
        title=Text(title) if title else None, title_justify="left", box=None, pad_edge=False
    )
    for name, flush in zip(names, right, strict=True):
        table.add_column(
            Text(name, "bold"),
            justify="right" if flush else "left",
            overflow="fold",
            no_wrap=name in ("run", "key"),
        )
    for row in rows:
        table.add_row(*(Text(_encodable(cell, sys.stdout)) for cell in row))
    Terminal(force_terminal=True).print(table, highlight=False)


def _padded(cell: str, width: int, flush: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if flush else cell + space


def _encodable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _strict(value: Any) -> Any:
    """The value with null for every number that JSON has no word for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _strict(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(inner) for inner in value]
    return value
