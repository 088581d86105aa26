"""Start workers on copies of the project, send changes, count the results."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.mutation.changes import Change, changes
from tests.mutation.project import module_paths, set_up

ENVIRONMENT = {
    "NUMBA_DISABLE_JIT": "1",  # no compiler, and no access outside an array
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONWARNINGS": "ignore",
    "PYTHONPATH": "",
}


class Worker:
    """A worker process in a folder of its own."""

    def __init__(self, folder: Path, reviews: list[tuple[str, str]]) -> None:
        set_up(folder, reviews)
        self.paths = module_paths(folder)
        command = [sys.executable, "-m", "tests.mutation.worker"]
        self.log = (folder / "stderr.txt").open("w+")
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **ENVIRONMENT},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        self.baseline = self._answer()

    def ask(self, module: str, source: str, blind: str | None = None) -> dict[str, Any]:
        """Return the result of another source of a module."""
        assert self.process.stdin is not None
        asked = {"module": module, "source": source, "blind": blind}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def changes(self, most: int) -> list[Change]:
        """Return up to ``most`` changes of every definition of the library."""
        return [
            change
            for module, path in self.paths.items()
            for change in changes(module, path.read_text(encoding="utf-8"), most)
        ]

    def close(self) -> None:
        """Close the worker's input, and wait for its end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.log.close()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            raise RuntimeError(f"The worker ended: {self.log.read()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass
class Tally:
    """The results of many changes.

    ``seen``: the key of a step or the index of the parts changed. ``loud``: the job could not be
    planned, or the engine raised before or after a stage's function, so that nothing is written.
    ``without effect``: no key and no byte changed. ``stale``: the function of a step with its old
    key writes other bytes, or crashes.
    """

    counts: Counter[str] = field(default_factory=Counter)
    stale: list[str] = field(default_factory=list)
    done_again: int = 0
    seconds: float = 0.0

    def add(self, change: Change, answer: dict[str, Any]) -> str:
        """Count one change, and return its kind."""
        self.done_again += answer["done_again"]
        self.stale += [f"{change}: {step} {why}" for step, why in answer["stale"]]
        if answer["stale"]:
            kind = "stale"
        elif answer["loud"]:
            kind = "loud"
        else:
            seen = answer["changed_keys"] or answer["other_index"]
            kind = "seen" if seen else "without effect"
        self.counts[kind] += 1
        return kind

    def __str__(self) -> str:
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(self.counts.items()))
        return (
            f"{self.counts.total()} changes ({kinds}); {self.done_again} steps run again, "
            f"{len(self.stale)} stale results; {self.seconds:.0f} s"
        )


def tally_changes(worker: Worker, asked: list[Change], blind: str | None = None) -> Tally:
    """Send changes to a worker, one after another, and count the results."""
    tally, started = Tally(), time.monotonic()
    for change in asked:
        answer = worker.ask(change.module, change.source, blind)
        kind = tally.add(change, answer)
        if log := os.environ.get("MUTATION_LOG"):
            with open(log, "a", encoding="utf-8") as file:
                file.write(f"{time.monotonic() - started:.1f}\t{kind}\t{change}\t{answer}\n")
    tally.seconds = time.monotonic() - started
    return tally
