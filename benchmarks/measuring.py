"""Measure functions in fresh processes, commands, and sides in turn."""

import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
SAMPLE_SECONDS = 0.05  # between two readings of a command's memory
SERVER = "flows.prefect_server.process"
COMMAND = ("-m", "flows.commands.main")

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
    return python_figures([*COMMAND, *arguments], **environment)


def python_figures(arguments: list[str], **environment: str) -> Figures:
    """Run Python and return its ``seconds`` and ``megabytes`` at the peak.

    The memory is that of the command and its children without Prefect's server, which is not part
    of the pipeline. The time is all that a person waits for, the server included.
    """
    samples = watch_python(arguments, **environment)
    peak = max(sample.bytes for sample in samples)
    return {"seconds": samples[-1].time - samples[0].time, "megabytes": peak / 1e6}


@dataclass(frozen=True)
class Sample:
    """What a command and its children have used at one moment.

    Attributes
    ----------
    time : in seconds since 1970.
    bytes, cpu_seconds : of all its processes without Prefect's server.
    server_bytes : of Prefect's server.
    """

    time: float
    bytes: int
    cpu_seconds: float
    server_bytes: int


def watch_command(arguments: list[str], **environment: str) -> list[Sample]:
    """Run ``reviewflow`` and return the samples of :func:`watch_python`."""
    return watch_python([*COMMAND, *arguments], **environment)


def watch_python(arguments: list[str], **environment: str) -> list[Sample]:
    """Run Python, and return samples from its start to its end.

    Raises
    ------
    SystemExit
        If it fails, with what it printed.
    """
    ours = "PREFECT_", "REVIEWFLOW_"
    given = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with tempfile.TemporaryFile("w+") as output:
        started = time.time()
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**given, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        samples = [Sample(started, 0, 0.0, 0), *_samples_until_end(process)]
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"python {' '.join(arguments)} failed:\n{output.read()}")
    return samples


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


def _samples_until_end(process: subprocess.Popen[Any]) -> Iterator[Sample]:
    """Wait for a command, and yield what its processes use meanwhile.

    The last sample has the time of its end.
    """
    last, cpu_seconds = Sample(time.time(), 0, 0.0, 0), dict[int, float]()  # by process
    while True:
        try:
            process.wait(SAMPLE_SECONDS)
            break
        except subprocess.TimeoutExpired:
            yield (last := _sample_now(process.pid, cpu_seconds))
    yield replace(last, time=time.time())


def _sample_now(pid: int, cpu_seconds: dict[int, float]) -> Sample:
    """Return a sample, and note the processor time of each process."""
    own = server = 0
    with contextlib.suppress(psutil.Error):
        command = psutil.Process(pid)
        for process in (command, *command.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                size = process.memory_info().rss
                if SERVER in process.cmdline():
                    server += size
                    continue
                own += size
                times = process.cpu_times()
                cpu_seconds[process.pid] = times.user + times.system
    return Sample(time.time(), own, math.fsum(cpu_seconds.values()), server)
