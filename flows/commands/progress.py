"""Show the progress of a run: bars in a terminal, plain lines elsewhere.

::

    terminal                                            file, pipe, scheduler's log
    ✓ normalize  ran in 2.1 s: new rows                 normalize: ran in 2.1 s: new rows
      train[tanh]  ━━━━━━╸━━━  12/20 0:00:31 loss 0.41  train[tanh]: epoch 12, 12/20, loss 0.41
    tanh is the best of 8 variants: …                   tanh is the best of 8 variants: …
    Open: file:///…/report.html                         Open: file:///…/report.html
    Report: artifacts/runs/…/report.html                Report: artifacts/runs/…/report.html
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import RLock
from types import TracebackType

from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from flows.commands.output import encodable, one_line
from reviewflow.pipeline.runner import Listener

LINE_SECONDS = 5.0  # outside a terminal, time between two lines on the progress of one name
MARKS = {"ran": ("✓", "ok", "green"), "cached": ("·", "-", "dim"), "failed": ("✗", "x", "bold red")}


class Console(Listener):
    """Print how far a run has come.

    Every method may be called from any thread. Text is never taken for markup and never reaches the
    terminal as a control character.

    Parameters
    ----------
    terminal : where to write; by default standard output, with bars and colours in a terminal.
    """

    def __init__(self, terminal: RichConsole | None = None) -> None:
        self.terminal = terminal or RichConsole(force_terminal=sys.stdout.isatty())
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
        """Show the progress of a task, as a bar or every `LINE_SECONDS` as a line.

        ``done`` and ``total`` among the figures move the bar; the message says the rest.
        """
        done, total = figures.get("done", 0.0), figures.get("total")
        with self._lock:
            if self.bars is not None:
                self._move_bar(name, done, total, message)
                return
            now = time.monotonic()
            if now - self._printed.setdefault(name, now) >= LINE_SECONDS:
                self._printed[name] = now
                share = "" if total is None else f"{_number(done)}/{_number(total)}"
                self._print(
                    Text(self._safe(f"{name}: {', '.join(filter(None, [message, share]))}"))
                )

    def done(self, name: str, state: str, seconds: float, reason: str) -> None:
        """Print how a task ended.

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
        """Print the text that a task has for its reader, line by line."""
        with self._lock:
            for line in lines.splitlines():
                self._print(Text(self._safe(f"{name}: {line}")))

    def finish(self, report_path: Path, result: Sequence[str] = ()) -> None:
        """Remove the bars and print the result and where the report is.

        Parameters
        ----------
        result : sentences, one a line.
        """
        with self._lock:
            self._end_bars()
            for sentence in result:
                self._print(Text(self._safe(sentence)))
            address = report_path.absolute().as_uri()
            self._print(Text(f"Open: {self._safe(address)}"))
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
        except OSError:  # a full disk under a log file, say, does not end the run
            self.terminal.quiet = True

    def _safe(self, text: str) -> str:
        """Return text as the terminal can show it."""
        return encodable(one_line(text), self.terminal.encoding)


def _number(value: float) -> str:
    """Return a count whole and any other number to four digits."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
