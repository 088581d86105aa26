"""Print answers: tables in a terminal, aligned text elsewhere, or JSON.

Text from data is never taken for markup and never acts on the terminal. A reader that goes away
(``reviewflow runs | head``, a terminal that is closed) disturbs no command.
"""

import json
import math
import os
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO, cast

from reviewflow.errors import OldPathWarning, escape
from reviewflow.formatting import NOTHING, duration, visible

HIDDEN = frozenset({"Cc", "Cf", "Co", "Cn", "Zl", "Zp"})  # Unicode categories that act or show not


class TolerantStream:
    """A text stream that drops what its reader no longer takes.

    From the first failed write on, the stream's file descriptor leads to /dev/null. The command
    goes on, ends with its own exit code, and the interpreter's last flush succeeds.

    Parameters
    ----------
    stream : where the text goes as long as somebody reads it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()  # a terminal that is gone is none any more

    def write(self, text: str) -> int:
        """Write text, or drop it."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._discard(error)
            return len(text)

    def flush(self) -> None:
        """Flush what was written, or drop it."""
        try:
            self._stream.flush()
        except OSError as error:
            self._discard(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _discard(self, error: OSError) -> None:
        """Send everything to /dev/null.

        Raises
        ------
        OSError : the error given, if it does not mean that the reader has gone away.
        """
        if not isinstance(error, BrokenPipeError) and not self._terminal:
            raise error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print this project's warnings of the body as a sentence each."""
    show = warnings.showwarning

    def show_plainly(
        message: Warning | str, category: type[Warning], *where: Any, **more: Any
    ) -> None:
        if issubclass(category, OldPathWarning):
            print(f"Warning: {escape(str(message))}", file=sys.stderr)
        else:
            show(message, category, *where, **more)

    warnings.showwarning = show_plainly
    try:
        yield
    finally:
        warnings.showwarning = show


@contextmanager
def tolerant_output() -> Iterator[None]:
    """Let the output of the body lose its readers."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (
        cast(TextIO, TolerantStream(stream or open(os.devnull, "w")))  # noqa: SIM115
        for stream in before
    )
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def say(*sentences: str) -> None:
    """Print lines of text whatever the terminal's encoding."""
    _print_lines([one_line(sentence) for sentence in sentences])


def say_json(value: Any) -> None:
    """Print a value as strict JSON in ASCII, with null for NaN and infinity."""
    _print_lines([json.dumps(_strict(value), indent=1, allow_nan=False)])


def say_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table below a title, if any.

    A column ``>name`` is set to the right. One called ``run`` or ``key`` is never folded, so that
    it can be copied.
    """
    names = [name.removeprefix(">") for name in columns]
    right = [name.startswith(">") for name in columns]
    cells = [[one_line(NOTHING if cell is None else cell) for cell in row] for row in rows]
    if title:
        _print_lines([""])
    if sys.stdout.isatty():
        _print_rich_table(title, names, right, cells)
    else:
        _print_lines([*filter(None, [title]), *_table_lines([names, *cells], right)])


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error, if that is a terminal.

    Yields
    ------
    callable
        To be called with the bytes done and their total.
    """
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
    """Return text on one line, with what acts on a terminal written out."""
    text = str(value)
    return text if text.isprintable() else "".join(map(_printable, text))


def encodable(text: str, encoding: str) -> str:
    """Return text with what an encoding cannot write as escapes."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def age(seconds: float) -> str:
    """Return how long ago something was made, for people."""
    if seconds < 86_400:
        return duration(max(seconds, 0.0) if seconds < 60 else math.floor(seconds))
    days = int(seconds // 86_400)
    return f"{days:,} day{'s' * (days != 1)}"


def _print_lines(lines: Sequence[str]) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write("".join(f"{encodable(line, encoding)}\n" for line in lines))
    sys.stdout.flush()


def _printable(character: str) -> str:
    if character in "\n\r\t":
        return " "
    if unicodedata.category(character) not in HIDDEN:
        return character
    shown = visible(character)
    return f"⟨U+{ord(character):04X}⟩" if shown == character else shown


def _table_lines(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> Iterator[str]:
    """Yield the lines of a table, two spaces between columns.

    By hand, since rich needs a millisecond a row (2 s for the store of a busy month).
    """
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = ""
        for cell, width, flush in zip(row, widths, right, strict=True):
            space = " " * (width - cell_len(cell))
            line += (space + cell if flush else cell + space) + "  "
        yield line.rstrip()


def _print_rich_table(
    title: str, names: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[str]]
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

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
    encoding = sys.stdout.encoding or "utf-8"
    for row in rows:
        table.add_row(*(Text(encodable(cell, encoding)) for cell in row))
    Console(force_terminal=True).print(table, highlight=False)


def _strict(value: Any) -> Any:
    """Return the value with null for every number that JSON has no word for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _strict(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(inner) for inner in value]
    return value
