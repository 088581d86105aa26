"""Measures a function in a fresh process, a command with its memory, and sides in turn."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
LOOK_SECONDS = 0.05  # between two looks at a command's memory
SERVER = "flows.prefect_server.process"

Figures = dict[str, float]
Side = Callable[[], Figures]


def fresh(function: Callable[..., Any], **arguments: Any) -> Figures:
    """Call a function of this package in a process of its own; its figures and ``megabytes``.

    Parameters
    ----------
    function : returns figures by name; it takes its own time and leaves out what is not meant.
    arguments : go over as JSON, paths as text.
    """
    command = [sys.executable, "-m", "benchmarks.child", function.__module__, function.__name__]
    done = subprocess.run(
        [*command, json.dumps(arguments, default=str)], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{function.__module__}.{function.__name__} failed:\n{done.stderr}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def command_figures(arguments: list[str], **environment: str) -> Figures:
    """Run ``reviewflow`` with the arguments; its figures as :func:`python_figures` gives them."""
    return python_figures(["-m", "flows.commands.main", *arguments], **environment)


def python_figures(arguments: list[str], **environment: str) -> Figures:
    """Run Python with the arguments: ``seconds``, and ``megabytes`` at its peak.

    The memory is that of the command and its children; the server that Prefect needs is no part
    of the pipeline and is left out. The time is all that a person waits for, the server included.
    """
    ours = "PREFECT_", "REVIEWFLOW_"
    given = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**given, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        peak = _peak_bytes_until_end(process)
        seconds = time.perf_counter() - started
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"python {' '.join(arguments)} failed:\n{output.read()}")
    return {"seconds": seconds, "megabytes": peak / 1e6}


def in_turn(runs: int, sides: Mapping[str, Side]) -> dict[str, list[Figures]]:
    """Figures of each side, run after run; every other run goes through the sides backwards."""
    figures: dict[str, list[Figures]] = {name: [] for name in sides}
    for run in range(runs):
        for name in list(sides)[:: -1 if run % 2 else 1]:
            tell(f"run {run + 1} of {runs}: {name}")
            figures[name].append(sides[name]())
    return figures


def of(figure: str, runs: list[Figures]) -> tuple[float, ...]:
    """One figure of every run."""
    return tuple(figures[figure] for figures in runs)


def tell(sentence: str) -> None:
    """Say what is being measured, beside the table that goes to standard output."""
    print(f"  {sentence}", file=sys.stderr, flush=True)


def _peak_bytes_until_end(process: subprocess.Popen[Any]) -> int:
    """Wait for a command; the most memory that it and its children had when looked at."""
    peak = 0
    while True:
        try:
            process.wait(LOOK_SECONDS)
            return peak
        except subprocess.TimeoutExpired:
            peak = max(peak, _bytes_now(process.pid))


def _bytes_now(pid: int) -> int:
    total = 0
    with contextlib.suppress(psutil.Error):
        command = psutil.Process(pid)
        for process in (command, *command.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                if SERVER not in process.cmdline():
                    total += process.memory_info().rss
    return total
