"""A job about numbers, which the engine runs without the domain. Every stage takes no time.

    numbers ─ read ─▶ square ─▶ halve ─▶ total ─▶ fit (variant, seed) ─▶ page
      (parts)

``halve`` drops what is odd about a square, so other numbers may give the same halves.
"""

import json
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from reviewflow.callgraph.reached import Reach
from reviewflow.context import Context
from reviewflow.pipeline.executors import make_executor
from reviewflow.pipeline.graph import build_graph
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.planner import CALL, Planner
from reviewflow.pipeline.runner import Listener, Outcome, Run, TaskGroup
from reviewflow.pipeline.stage import Job, Reads, Stage
from reviewflow.store.artifacts import Artifact, Store
from reviewflow.store.hashing import digest_of

HERE = "tests.reviewflow.pipeline.small_job"
FILE = "numbers.json"
PARTS = ((1, 2, 3), (4, 5), (6, 7))


class Settings(BaseModel):
    """The configuration of the job, or of one variant of it."""

    power: int = 2
    modulus: int = 1000
    rate: float = 0.1
    repeats: int = 1

    def settings(self, name: str) -> Any:
        """Return a single setting."""
        return getattr(self, name.rpartition(".")[2])

    def is_given(self, name: str) -> bool:
        """Return whether a setting is given, and not left to its default."""
        return name.rpartition(".")[2] in self.model_fields_set


@dataclass(frozen=True)
class NumbersIndex:
    """The parts of the numbers."""

    parts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Numbers:
    """Where the numbers come from."""

    index: NumbersIndex

    def digests(self, part: int) -> Mapping[str, str]:
        """Return the digest of a part's only column."""
        return {"numbers": digest_of(self.index.parts[part])}

    def rows(self, part: int) -> tuple[int, ...]:
        """Return the numbers of a part."""
        return self.index.parts[part]

    def close(self) -> None:
        """Do nothing."""


def write(folder: Path, numbers: Any) -> dict[str, int]:
    """Write numbers as a stage's only file."""
    (folder / FILE).write_text(json.dumps(numbers), encoding="utf-8")
    return {"rows": len(numbers)}


def numbers_in(folder: Path) -> Any:
    """Return the numbers of an artifact."""
    return json.loads((folder / FILE).read_text(encoding="utf-8"))


def read(*, rows: tuple[int, ...], folder: Path, context: Context) -> dict[str, int]:
    """Write a part's numbers."""
    return write(folder, rows)


def numbers_digest(folder: Path) -> dict[str, str]:
    """Return the digests that the source gives for the same numbers."""
    return {"numbers": digest_of(numbers_in(folder))}


def square(*, numbers: Path, power: int, folder: Path, context: Context) -> dict[str, int]:
    """Raise a part's numbers to a power."""
    context.progress("powers", {})
    return write(folder, [number**power for number in numbers_in(numbers)])


def halve(*, squares: Path, folder: Path, context: Context) -> dict[str, int]:
    """Halve a part's squares, rounded down."""
    return write(folder, [number // 2 for number in numbers_in(squares)])


def total(
    *, halves: tuple[Path, ...], modulus: int, folder: Path, context: Context
) -> dict[str, int]:
    """Sum all halves, as pieces that may run side by side."""
    sums = list(context.executor.map(sum, map(numbers_in, halves)))
    return write(folder, [sum(sums) % modulus])


def fit(
    *, total: Path, rate: float, repeats: int, folder: Path, context: Context
) -> dict[str, int]:
    """Multiply the total by a variant's rate."""
    return write(folder, [numbers_in(total)[0] * rate])


def page(*, fits: tuple[Path, ...], folder: Path, context: Context) -> dict[str, int]:
    """List what the variants came to."""
    return write(folder, [numbers_in(fit) for fit in fits])


def for_seed(settings: Mapping[str, Any], seed: int) -> Mapping[str, Any]:
    """Return the settings of one seed, whose rate is higher by its number."""
    return {**settings, "rate": settings["rate"] + seed, "repeats": 1}


JOB = Job(
    "numbers",
    (
        Stage(
            "read",
            f"{HERE}.read",
            "part",
            "read",
            reads_source=True,
            digests=f"{HERE}.numbers_digest",
        ),
        Stage(
            "square",
            f"{HERE}.square",
            "part",
            "square",
            reads={"numbers": Reads("read", ("numbers",))},
            settings=("square.power",),
        ),
        Stage(
            "halve", f"{HERE}.halve", "part", "halve", reads={"squares": Reads("square", (FILE,))}
        ),
        Stage(
            "total",
            f"{HERE}.total",
            "whole",
            "total",
            reads={"halves": Reads("halve", (FILE,), every="part")},
            settings=("total.modulus",),
        ),
        Stage(
            "fit",
            f"{HERE}.fit",
            "seed",
            "fit",
            reads={"total": Reads("total", (FILE,))},
            settings=("fit.rate", "fit.repeats"),
            repeats="fit.repeats",
            resolve=for_seed,
        ),
        Stage(
            "page",
            f"{HERE}.page",
            "job",
            "page",
            reads={"fits": Reads("fit", (FILE,), every="variant")},
        ),
    ),
    latest_link="latest-numbers",
)
NO_RUN = LastRun()
VARIANTS = {"slow": Settings(), "fast": Settings(rate=0.5)}


@dataclass(frozen=True)
class Numbered:
    """How to open the job.

    Attributes
    ----------
    code : the digest of a function's code, by name, where it is not that of the first version.
    """

    folder: Path
    parts: tuple[tuple[int, ...], ...] = PARTS
    config: Settings = field(default_factory=Settings)
    variants: Mapping[str, Settings] = field(default_factory=lambda: VARIANTS)
    code: Mapping[str, str] = field(default_factory=dict)
    refresh: tuple[str, ...] = ()

    def planner(self, last_run: LastRun = NO_RUN) -> Planner:
        """Return the planner of the job."""
        nodes = build_graph(JOB.stages, self.config, self.variants, len(self.parts))
        source = Numbers(NumbersIndex(self.parts))
        store = Store(self.folder / "store")
        return Planner(store, nodes, self.reaches(), last_run, source, self.refresh)

    def run(self, pool: Executor, last_run: LastRun = NO_RUN, listener: Any = None) -> Run:
        """Return a run of the job that has not begun."""
        return Run(self.planner(last_run), listener or Listener(), pool)

    def reaches(self) -> dict[str, Reach]:
        """Return what each function reaches: itself."""
        return {
            name: Reach({name: self.code.get(name.rpartition(".")[2], "1")}, (), (), entry=name)
            for name in (CALL, *JOB.functions)
        }

    def with_changes(self, **changes: Any) -> "Numbered":
        """Return the job with other numbers, settings or code."""
        return replace(self, **changes)


def groups_of(run: Run) -> list[TaskGroup]:
    """Return all task groups in an order in which they can run."""
    return [group for name in JOB.groups for group in run.task_groups(name)]


def perform_all(job: Numbered, last_run: LastRun = NO_RUN) -> Run:
    """Do the whole job."""
    with ThreadPoolExecutor(2) as pool:
        run = job.run(pool, last_run)
        for group in groups_of(run):
            run.perform(group)
    return run


class StoppingPool(ThreadPoolExecutor):
    """A pool that is shut down by the end of its run just before it takes something."""

    run: Run

    def map(self, *arguments: Any, **options: Any) -> Any:
        """Stop the run, shut down, and then try."""
        self.run.stop.set()
        self.shutdown()
        return super().map(*arguments, **options)


def run_that_stops_in(title: str, job: Numbered) -> Run:
    """Return a run whose pool is shut down as a task group begins. All before it is made."""
    pool = StoppingPool(2)
    run = pool.run = job.run(pool)
    chosen = run.executor
    with ThreadPoolExecutor(2) as whole:
        run.executor = make_executor(whole)
        for group in takewhile(lambda group: group.title != title, groups_of(run)):
            run.perform(group)
    run.executor = chosen
    return run


def last_run_of(run: Run, version: str | None = None, other_runs: bool = False) -> LastRun:
    """Return what a run leaves for the next one."""
    recorded = run.keys
    return LastRun(
        {key: fingerprint.to_json() for key, (fingerprint, _) in recorded.items()},
        {key: frozenset(keys) for key, (_, keys) in recorded.items()},
        version,
        other_runs,
    )


def by_label(run: Run) -> dict[tuple[str, int | None], tuple[Artifact, Outcome]]:
    """Return what became of each step, by label and part."""
    ended = zip(run.artifacts.items(), run.outcomes, strict=True)
    return {
        (step.node.label, step.part): (artifact, outcome) for (step, artifact), outcome in ended
    }


def ran(run: Run) -> set[str]:
    """Return the labels of the nodes of which a step ran."""
    return {label for (label, _), (_, outcome) in by_label(run).items() if outcome.state == "ran"}


def files_of(run: Run) -> dict[tuple[str, int | None], bytes]:
    """Return the content of each step's file, by label and part."""
    return {
        name: (artifact.folder / FILE).read_bytes() for name, (artifact, _) in by_label(run).items()
    }
