"""What a person at the command line sees of a run: bars in a terminal, plain lines elsewhere.

::

    terminal                                            file, pipe, scheduler's log
    ✓ normalize  ran in 2.1 s: new rows                 normalize: ran in 2.1 s: new rows
      train[tanh]  ━━━━━━╸━━━  12/20 0:00:31 loss 0.41  train[tanh]: epoch 12, 12/20, loss 0.41
    Report: artifacts/runs/…/report.html                Report: artifacts/runs/…/report.html
"""

import os
import sys
import time
import unicodedata
from pathlib import Path
from threading import RLock
from types import TracebackType

from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

LINE_SECONDS = 5.0  # outside a terminal, one line of progress a piece of work in this time
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode categories not to print
MARKS = {"ran": ("✓", "ok", "green"), "cached": ("·", "-", "dim"), "failed": ("✗", "x", "bold red")}


class Terminal(RichConsole):
    """Where lines go; when nobody reads them any more, they go nowhere and the work goes on."""

    def on_broken_pipe(self) -> None:
        """Be quiet from now on, and let nothing fail when the interpreter flushes at its end."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Console:
    """Shows how far a run has come; every method may be called from any thread.

    Nothing that it is told is taken for markup or reaches the terminal as a control character, and
    a reader that went away (``reviewflow run | head``) does not disturb the run.

    Parameters
    ----------
    terminal : where to write; by default standard output, with bars and colours in a terminal.
    """

    def __init__(self, terminal: RichConsole | None = None) -> None:
        self.terminal = terminal or Terminal(force_terminal=sys.stdout.isatty())
        self.unicode = self.terminal.encoding.lower().startswith("utf")
        self.bars = self._bars() if self.terminal.is_interactive else None
        self._tasks: dict[str, TaskID] = {}
        self._printed: dict[str, float] = {}
        self._lock = RLock()

    def __enter__(self) -> "Console":
        if self.bars is not None:
            self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end_bars()

    def update(self, name: str, message: str, figures: dict[str, float]) -> None:
        """Show that the piece of work `name` has come further.

        ``done`` and ``total`` among the figures move the bar; the message says the rest.
        """
        done, total = figures.get("done", 0.0), figures.get("total")
        shown = [message]
        with self._lock:
            if self.bars is not None:
                self._move_bar(name, done, total, " ".join(filter(None, shown)))
                return
            now = time.monotonic()
            if now - self._printed.setdefault(name, now) >= LINE_SECONDS:
                self._printed[name] = now
                shown[1:1] = [] if total is None else [f"{_number(done)}/{_number(total)}"]
                self._print(Text(self._safe(f"{name}: {', '.join(filter(None, shown))}")))

    def done(self, name: str, state: str, seconds: float, reason: str) -> None:
        """Say that the piece of work `name` has ended.

        Parameters
        ----------
        state : ``ran``, ``cached``, ``failed``, or another word, shown as it is.
        reason : why it ran or failed, in words; may be empty.
        """
        took = {"ran": f" in {seconds:.1f} s", "failed": f" after {seconds:.1f} s"}.get(state, "")
        sentence = f"{state}{took}" + (f": {reason}" if reason else "")
        with self._lock:
            if self.bars is None:
                self._print(Text(self._safe(f"{name}: {sentence}")))
                return
            if name in self._tasks:
                self.bars.remove_task(self._tasks.pop(name))
            mark, plain_mark, style = MARKS.get(state, (" ", " ", ""))
            line = Text().append(mark if self.unicode else plain_mark, style)
            self._print(
                line.append(self._safe(f" {name}")).append(self._safe(f"  {sentence}"), "dim")
            )

    def show(self, name: str, lines: str) -> None:
        """Print what the piece of work `name` has to read, line by line."""
        with self._lock:
            for line in lines.splitlines():
                self._print(Text(self._safe(f"{name}: {line}")))

    def warn(self, sentence: str) -> None:
        """Say what a person should look at."""
        with self._lock:
            self._print(Text().append("Warning: ", "yellow").append(self._safe(sentence)))

    def finish(self, report_path: Path) -> None:
        """Take the bars away and say, as the last line, where the report is."""
        with self._lock:
            self._end_bars()
            self._print(Text(f"Report: {self._safe(str(report_path))}"))

    def _bars(self) -> Progress:
        return Progress(
            TextColumn("  {task.fields[name]}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[share]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[message]}", markup=False),
            console=self.terminal,
            refresh_per_second=4,
            transient=True,
        )

    def _move_bar(self, name: str, done: float, total: float | None, message: str) -> None:
        assert self.bars is not None
        share = "" if total is None else f"{_number(done)}/{_number(total)}"
        if name not in self._tasks:
            self._tasks[name] = self.bars.add_task(
                "", total=total, name=self._safe(name), share="", message=""
            )
        self.bars.update(
            self._tasks[name],
            completed=done,
            total=total,
            share=share,
            message=self._safe(message),
        )

    def _end_bars(self) -> None:
        with self._lock:
            bars, self.bars = self.bars, None
            if bars is not None:
                bars.stop()

    def _print(self, line: Text) -> None:
        try:
            self.terminal.print(line, soft_wrap=True, highlight=False)
        except OSError:  # a full disk under a log file, say, is no reason to end the run
            self.terminal.quiet = True

    def _safe(self, text: str) -> str:
        """Return `text` on one line, with what a terminal obeys or cannot show written out."""
        shown = "".join(_visible(character) for character in text)
        encoding = self.terminal.encoding
        return shown.encode(encoding, "backslashreplace").decode(encoding)


def _visible(character: str) -> str:
    if character in "\n\r\t":
        return " "
    if unicodedata.category(character) in HIDDEN:
        code = ord(character)
        return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    return character


def _number(value: float) -> str:
    """Write counts whole, with thousands set apart, and all else to four digits."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
