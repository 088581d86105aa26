"""Read changes of the project's source, and fork one child for each.

    stdin   {"module": …, "source": …, "blind": null}          one a line
    stdout  {"baseline": …}, then one answer a line

It runs inside a copy of the project (``python -m tests.mutation.worker``). The third-party
packages are imported once, and every child imports the project again. ``blind`` breaks the reach on
purpose: the definitions of that module then do not count where others use them.
"""

import gc
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from reviewflow.callgraph.modules import parse_module
from reviewflow.callgraph.project import Project, Target
from reviewflow.callgraph.reach import reach_in_project
from reviewflow.callgraph.reached import Reach
from reviewflow.callgraph.references import Reference
from reviewflow.callgraph.source_files import SourceFile, read_sources
from reviewflow.errors import ReviewflowError
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline.planner import CALL
from tests.mutation import child
from tests.mutation.project import module_paths, replace_source

LIMIT_SECONDS = 120
PACKAGES = ("reviewflow",)
ENTRIES = (CALL, *SENTIMENT.functions)


class BlindProject(Project):
    """A project in which no name of one module can be followed."""

    blind = ""

    def resolve(self, module: str, reference: Reference) -> tuple[Target, ...]:
        found = super().resolve(module, reference)
        seen = tuple(t for t in found if module == self.blind or t.module != self.blind)
        return seen or (Target("builtin", "", "print"),)


def reaches(files: tuple[SourceFile, ...], blind: str | None = None) -> dict[str, Reach]:
    """Return the reach of every stage in these files."""
    modules = tuple(parse_module(file) for file in files)
    project = Project(modules, PACKAGES)
    if blind:
        project.__class__ = BlindProject
        project.blind = blind  # type: ignore[attr-defined]
    return {entry: reach_in_project(project, entry) for entry in ENTRIES}


class Worker:
    """The copy of the project, its first artifacts, and imports by stage."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.paths = folder, module_paths(folder)
        self.files = read_sources(folder, PACKAGES)
        self.reaches = reaches(self.files)
        self.imported: set[str] = set()

    def make_baseline(self) -> dict[str, Any]:
        """Run the whole job without a change, and count steps and imports."""
        made = run_forked(partial(child.make_all, self.folder, self.reaches))
        if "crash" in made[-1]:
            raise RuntimeError(f"The job fails without a change: {made[-1]['crash']}")
        self.imported = {name for step in made for name in step["imported"]}
        del made[-1]
        (self.folder / child.BASELINE).write_text(json.dumps(made), encoding="utf-8")
        steps = {name for step in made for name in step["imported"]}
        return {"steps": len(made), "imported": sorted(steps)}

    def answer(self, module: str, source: str, blind: str | None) -> dict[str, Any]:
        """Return the result of one change."""
        started = time.monotonic()
        try:
            found = self._reaches(self._with_source(module, source), blind)
        except ReviewflowError as error:
            return summary([{"crash": str(error)}], started)
        if module not in self.imported:  # no influence
            changed = sum(found[entry] != self.reaches[entry] for entry in ENTRIES)
            return summary([{"laid out": True, "changed": changed}], started)
        with replace_source(self.paths[module], source):
            messages = run_forked(partial(child.do_again, self.folder, found, module))
        return summary(messages, started)

    def _reaches(self, files: tuple[SourceFile, ...], blind: str | None) -> dict[str, Reach]:
        """Return the reaches of changed files.

        A blind project keeps the old reach where it sees no change.
        """
        found = reaches(files, blind)
        if not blind:
            return found
        before = reaches(self.files, blind)
        return {
            name: self.reaches[name] if found[name] == before[name] else found[name]
            for name in found
        }

    def _with_source(self, module: str, source: str) -> tuple[SourceFile, ...]:
        return tuple(
            file._replace(text=source.encode()) if file.module == module else file
            for file in self.files
        )


def summary(messages: list[dict[str, Any]], started: float) -> dict[str, Any]:
    """Return a child's results as one answer, ``loud`` if it refused to plan or to run."""
    laid_out = next((each for each in messages if "laid out" in each), None)
    ended = [each for each in messages if "ended" in each]
    stale = [[each["ended"], each["stale"]] for each in ended if "stale" in each]
    refused = next((each["refused"] for each in ended if "refused" in each), None)
    crash = next((each["crash"] for each in messages if "crash" in each), None)
    if crash and laid_out:
        begun = [each["begins"] for each in messages if "begins" in each]
        stale.append([begun[-1] if begun else "the keys", crash])
    return {
        "loud": refused if laid_out else crash,
        "changed_keys": laid_out["changed"] if laid_out else 0,
        "other_index": laid_out.get("other index", False) if laid_out else False,
        "stale": stale,
        "done_again": len(ended),
        "seconds": round(time.monotonic() - started, 3),
    }


def run_forked(work: Callable[[child.Send], None]) -> list[dict[str, Any]]:
    """Run ``work`` in a process of its own, and return its messages.

    The last message is ``crash`` if the process does not end well.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _in_child(work, writing)
    os.close(writing)
    text, late = _read_all(reading, time.monotonic() + LIMIT_SECONDS)
    if late:
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    messages = [json.loads(line) for line in text.decode().split("\n")[:-1]]
    if late:
        messages.append({"crash": f"no end within {LIMIT_SECONDS} s"})
    elif status and not any("crash" in each for each in messages):
        messages.append({"crash": f"the process ended with status {status}"})
    return messages


def _in_child(work: Callable[[child.Send], None], writing: int) -> None:
    """Do the work with the project imported again, and end the process."""

    def send(what: dict[str, Any]) -> None:
        os.write(writing, json.dumps(what).encode() + b"\n")

    status = 1
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        child.forget_project()
        work(send)
        status = 0
    except BaseException as error:  # a changed program may raise anything
        send({"crash": f"{type(error).__name__}: {str(error)[:300]}"})
    finally:
        os._exit(status)


def _read_all(reading: int, until: float) -> tuple[bytes, bool]:
    pieces: list[bytes] = []
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            os.close(reading)
            return b"".join(pieces), True
        piece = os.read(reading, 1 << 16)
        if not piece:
            os.close(reading)
            return b"".join(pieces), False
        pieces.append(piece)


def import_packages() -> None:
    """Import the packages of the stages once, for all children."""
    import great_expectations
    import inflect
    import matplotlib.pyplot
    import nltk
    import numba
    import pandas
    import pyarrow.compute
    import pyarrow.csv
    import pyarrow.parquet
    import pydantic
    import safetensors.torch
    import scipy.sparse
    import sklearn.metrics
    import torch
    import xxhash

    del great_expectations, inflect, matplotlib, nltk, numba, pandas, pyarrow, pydantic
    del safetensors, scipy, sklearn, torch, xxhash


def main() -> None:
    """Make the baseline, then answer line by line until stdin ends."""
    import_packages()
    worker = Worker(Path.cwd())
    started = time.monotonic()
    baseline = worker.make_baseline()
    gc.freeze()
    seconds = round(time.monotonic() - started, 2)
    print(json.dumps({**baseline, "seconds": seconds}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = worker.answer(asked["module"], asked["source"], asked["blind"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
