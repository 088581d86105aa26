"""Measure what a step costs a plan and a run with nothing changed.

The job is the sentiment job with one variant. Its rows have 1,000, 10,000 and 100,000 parts, and
five steps for each part: ingest, split, normalize, count and features. A run on 600 real reviews
comes first. Its index then gets as many parts as are wanted, and the store an artifact for each
step, with the manifest that the step would have. The file of a part's artifact holds a number
instead of rows, since an unchanged run looks at sizes and times only.

Both commands are measured whole, with Python's start and the run's Prefect server. The time of a
step is what a command takes above the same command with a single part, divided by the steps. The
memory of a step is the difference of the peaks, divided likewise. Each job has been planned once
before, which remembers what the manifests say. The other side is ``ninja`` with as many targets,
each made from a file of its own and up to date: its whole time divided by the targets.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree, which
from time import perf_counter

import yaml

from benchmarks.many_parts import multiply
from benchmarks.measuring import Figures, Side, command_figures, fresh, in_turn, of, report_progress
from benchmarks.table import Row
from benchmarks.workspace import QUICK_REVIEWS, Workspace, evenly_spaced

PARTS = (1_000, 10_000, 100_000)
QUICK_PARTS = (20,)
PLAN, RUN, NINJA = "plan", "run", "ninja"
RULE = "rule make\n command = touch $out\n generator = 1\n"  # it asks for no log of commands


def rows(space: Workspace) -> list[Row]:
    """Measure plan, run and ninja at each number of parts."""
    whole = space.reviews_path
    reviews = whole if space.quick else evenly_spaced(whole, QUICK_REVIEWS)
    start = in_turn(space.runs, commands(job_folder(space, reviews, 1)))
    found: list[Row] = []
    for parts in QUICK_PARTS if space.quick else PARTS:
        folder = job_folder(space, reviews, parts)
        report_progress(f"{parts:,} parts: writing the artifacts")
        steps = int(fresh(multiply, **places(folder), parts=parts)["steps"])
        sides = commands(folder)
        sides[PLAN]()  # remembers the manifests
        if which(NINJA):
            sides[NINJA] = ninja(folder / NINJA, steps)
        found += rows_of(steps, in_turn(space.runs, sides), start)
        rmtree(folder)
    return found


def rows_of(
    steps: int, figures: dict[str, list[Figures]], start: dict[str, list[Figures]]
) -> Iterator[Row]:
    """Yield the rows of one number of steps.

    Parameters
    ----------
    start : the figures of the same commands with a single part.
    """
    theirs = tuple(seconds / steps * 1e6 for seconds in of("seconds", figures.get(NINJA, [])))
    for command in (PLAN, RUN):
        name, own, first = f"{steps:,} steps: {command}", figures[command], start[command]
        time = a_step(of("seconds", own), of("seconds", first), steps)
        memory = a_step(of("megabytes", own), of("megabytes", first), steps)
        yield Row(name, "s", of("seconds", own))
        yield Row(f"{name}, time of a step", "µs", time, NINJA if theirs else "", theirs)
        yield Row(f"{name}, memory of a step", "bytes", memory)


def a_step(whole: tuple[float, ...], start: tuple[float, ...], steps: int) -> tuple[float, ...]:
    """Return millionths of a unit that a step takes beyond the start."""
    return tuple((own - first) / steps * 1e6 for own, first in zip(whole, start, strict=True))


def job_folder(space: Workspace, reviews: Path, parts: int) -> Path:
    """Return a new folder with a job of one part that has run."""
    folder = space.folder / f"steps-{parts}"
    folder.mkdir()
    content = {
        "ingest": {"path": str(reviews)},
        "train": {"epochs": 1, "hidden": []},
        "variants": {"linear": {}},
    }
    Path(places(folder)["config"]).write_text(yaml.safe_dump(content), encoding="utf-8")
    report_progress(f"{parts:,} parts: the run before")
    commands(folder)[RUN]()
    return folder


def places(folder: Path) -> dict[str, str]:
    """Return the configuration and the artifacts of a job's folder."""
    return {"config": str(folder / "steps.yaml"), "artifacts": str(folder / "artifacts")}


def commands(folder: Path) -> dict[str, Side]:
    """Return both commands, to be measured."""
    options = [word for name, path in places(folder).items() for word in (f"--{name}", path)]
    return {
        PLAN: lambda: command_figures([PLAN, *options]),
        RUN: lambda: command_figures([RUN, *options]),
    }


def ninja(folder: Path, targets: int) -> Side:
    """Return ninja on a folder in which everything is up to date."""
    folder.mkdir()
    for ending in ("in", "out"):
        for number in range(targets):
            (folder / f"{number}.{ending}").touch()
    edges = (f"build {number}.out: make {number}.in\n" for number in range(targets))
    (folder / "build.ninja").write_text(RULE + "".join(edges), encoding="utf-8")

    def nothing_to_do() -> Figures:
        started = perf_counter()
        done = subprocess.run([NINJA, "-C", str(folder)], check=True, capture_output=True)
        assert b"no work to do" in done.stdout
        return {"seconds": perf_counter() - started}

    return nothing_to_do
