"""Measure functions in fresh processes, commands, and sides in turn."""

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
SAMPLE_SECONDS = 0.05  # between two readings of a command's memory
SERVER = "flows.prefect_server.process"

Figures = dict[str, float]
Side = Callable[[], Figures]


def fresh(function: Callable[..., Any], **arguments: Any) -> Figures:
    """Call a function of this package in a process of its own.

    Parameters
    ----------
    function : returns figures by name. It times itself, so that it can leave out preparations.
    arguments : are passed on as JSON, paths as text.

    Returns
    -------
    The function's figures, and ``megabytes``, the peak memory of the process.
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
    """Run ``reviewflow`` and return the figures of :func:`python_figures`."""
    return python_figures(["-m", "flows.commands.main", *arguments], **environment)


def python_figures(arguments: list[str], **environment: str) -> Figures:
    """Run Python and return its ``seconds`` and ``megabytes`` at the peak.

    The memory is that of the command and its children without Prefect's server, which is not part
    of the pipeline. The time is all that a person waits for, the server included.
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
    """Measure each side run by run, every other run in reverse order."""
    figures: dict[str, list[Figures]] = {name: [] for name in sides}
    for run in range(runs):
        for name in list(sides)[:: -1 if run % 2 else 1]:
            report_progress(f"run {run + 1} of {runs}: {name}")
            figures[name].append(sides[name]())
    return figures


def of(figure: str, runs: list[Figures]) -> tuple[float, ...]:
    """Return one figure of every run."""
    return tuple(figures[figure] for figures in runs)


def report_progress(sentence: str) -> None:
    """Print to standard error what is being measured."""
    print(f"  {sentence}", file=sys.stderr, flush=True)


def _peak_bytes_until_end(process: subprocess.Popen[Any]) -> int:
    """Wait for a command and return the most memory that was sampled."""
    peak = 0
    while True:
        try:
            process.wait(SAMPLE_SECONDS)
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
