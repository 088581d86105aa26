"""One run of the job: performs what the ledger decides and keeps the record of it.

config ─ index ─ lines ─ ledger ─▶ works (what a person calls a stage) ─▶ outcomes ─▶ run.json
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from threading import Event, Lock
from typing import Any

from reviewflow.calling import arguments
from reviewflow.code.memo import reaches
from reviewflow.config import Config, variant_configs
from reviewflow.context import Context, Progress, silent
from reviewflow.datasets import provide
from reviewflow.errors import InputError, QualityError, StoreError
from reviewflow.job import STAGES, Stage
from reviewflow.keys import Recipe
from reviewflow.lines import Line, Settings, Step, job_lines
from reviewflow.plan import CALL, Decision, Ledger, Previous, check_refresh, given_facts
from reviewflow.reporting.reference import reference
from reviewflow.reviews.parts import Index, PartInfo, Reading, cut, reading
from reviewflow.reviews.written import written_digests
from reviewflow.store import Artifact, Store

Writer = Callable[..., dict[str, Any]]
CutAgain = Callable[[], Iterable[tuple[PartInfo, Any]]]


@dataclass(frozen=True)
class Outcome:
    """What became of one step; the fields are run.json's.

    ``bytes`` is the size of what it wrote, ``bytes_in`` that of the artifacts that it read, both as
    they lie on the disk.
    """

    stage: str
    part: int | None
    variant: str | None
    key: str | None
    state: str
    reason: str
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    rows: int | None
    bytes: int
    bytes_in: int


class Work:
    """What a person calls a stage: lines that are shown, submitted and summed up as one.

    Not a dataclass on purpose: an orchestrator may walk the fields of those.
    """

    def __init__(self, label: str, lines: list[Line], variants: tuple[str, ...]) -> None:
        self.label, self.lines, self.variants = label, lines, variants


def open_ledger(
    config: Config,
    artifacts: Path,
    previous: Previous,
    refresh: tuple[str, ...] = (),
    verify: bool = False,
) -> Ledger:
    """Read what there is (the file's index, the code, the store) and be ready to decide.

    Raises
    ------
    InputError : if the reviews cannot be read.
    ConfigError : if a suite's file, a stage to refresh or the published figures do not exist.
    """
    reference(config.report.reference)  # a mistake in it should not wait for the report
    provide(Path(config.ingest.path))
    read = reading(config.ingest, split_column(config), artifacts / "memos")
    lines = job_lines(STAGES, config, variant_configs(config), len(read.index.parts))
    return _ledger(STAGES, lines, read, artifacts, previous, refresh, verify)


def open_run(
    config: Config, ledger: Ledger, listener: Listener, executor: Executor, recheck: bool = False
) -> Run:
    """A run of the sentiment job, which can read its rows again."""
    cut_again = partial(cut, config.ingest, split_column(config))
    return Run(ledger, listener, executor, cut_again, recheck)


def open_small_ledger(
    stages: tuple[Stage, ...],
    config: Settings,
    artifacts: Path,
    previous: Previous,
    refresh: tuple[str, ...] = (),
    verify: bool = False,
) -> Ledger:
    """The same for a job without rows and variants."""
    lines = job_lines(stages, config)
    return _ledger(stages, lines, Reading(Index(()), {}), artifacts, previous, refresh, verify)


def _ledger(
    stages: tuple[Stage, ...],
    lines: list[Line],
    read: Reading,
    artifacts: Path,
    previous: Previous,
    refresh: tuple[str, ...],
    verify: bool,
) -> Ledger:
    asked = check_refresh(refresh, stages)
    entries = (CALL, *(stage.does for stage in stages))
    reached = reaches(entries, artifacts / "memos" / "code.json")
    return Ledger(Store(artifacts / "store", verify), read, lines, reached, previous, asked)


def split_column(config: Config) -> str | None:
    """The column of the reviews' file that holds an official split, where one is used."""
    given = config.split.method == "column" and config.ingest.test_path is None
    return config.split.column if given else None


class Listener:
    """Is told what a run does; this one keeps it to itself."""

    def update(self, name: str, message: str, figures: dict[str, float]) -> None:
        """A piece of work has come further."""

    def done(self, name: str, state: str, seconds: float, reason: str) -> None:
        """A piece of work has ended: ``ran``, ``cached`` or ``failed``."""

    def show(self, name: str, lines: str) -> None:
        """A piece of work has something to read."""


class Run:
    """The steps of one run, performed and recorded.

    Parameters
    ----------
    ledger : decides about every step.
    listener : is told of the progress.
    executor : runs the parts of a stage side by side.
    cut_again : reads the rows again, part by part, where a job has rows.
    recheck : compute again, aside, every step that is cached, and compare bytes.
    """

    def __init__(
        self,
        ledger: Ledger,
        listener: Listener,
        executor: Executor,
        cut_again: CutAgain = tuple,
        recheck: bool = False,
    ) -> None:
        self.ledger, self.listener, self.executor = ledger, listener, executor
        self.cut_again, self.recheck, self.stop = cut_again, recheck, Event()
        ledger.store.verify |= recheck  # what is compared must be the bytes that are there
        self.lies: list[str] = []
        self.failed: set[Line] = set()
        self.outcomes: list[Outcome] = []
        self._lines: list[Line] = []
        self.keys: dict[str, tuple[Recipe, list[str]]] = {}
        self.artifacts: dict[Step, Artifact] = {}
        self._lock = Lock()

    @property
    def index(self) -> Index:
        """Which parts the rows are cut into."""
        return self.ledger.index

    def folders_of(self, stage: str) -> list[Path]:
        """The folders of a stage's artifacts that this run has made or found so far."""
        with self._lock:
            return [a.folder for step, a in self.artifacts.items() if step.line.stage.name == stage]

    def figure_of(self, stage: str, name: str) -> int:
        """A figure that a stage told of each part, added up over what was reached."""
        with self._lock:
            found = [a for step, a in self.artifacts.items() if step.line.stage.name == stage]
        return sum(artifact.manifest["figures"].get(name, 0) for artifact in found)

    def folder_of(self, stage: str) -> Path | None:
        """The folder of a stage's only artifact; None where the run did not get there."""
        folders = self.folders_of(stage)
        return folders[0] if folders else None

    def all_outcomes(self) -> list[Outcome]:
        """One outcome a step of the job; what was not reached is ``failed`` or ``skipped``."""
        reached = [
            replace(outcome, state="failed") if line in self.failed else outcome
            for line, outcome in zip(self._lines, self.outcomes, strict=True)
        ]
        missed = [
            _not_done(step, "failed" if step.line in self.failed else "skipped")
            for line in self.ledger.lines
            for step in line.steps
            if step not in self.artifacts
        ]
        return reached + missed

    def works(self, *shown_as: str) -> list[Work]:
        """Pieces of work of a stage as a person calls it, one for each distinct set of lines."""
        found: dict[str, list[Line]] = {}
        for line in self.ledger.lines:
            if line.stage.shown_as in shown_as:
                label = line.shown_label
                found.setdefault(label, []).append(line)
        return [Work(label, lines, tuple(lines[-1].variants)) for label, lines in found.items()]

    def sources(self, work: Work) -> set[str]:
        """Labels of the works whose artifacts, or whose passing, a piece of work waits for."""
        lines = {line for own in work.lines for group in own.upstream.values() for line in group}
        checks = {name for own in work.lines for name in own.stage.after}
        names = {line.shown_label for line in lines}
        names |= {line.shown_label for line in self.ledger.lines if line.stage.name in checks}
        return names - {work.label}

    def perform(self, work: Work, progress: Progress = silent) -> list[Outcome]:
        """Do what has to be done of a piece of work; returns one outcome a step.

        Parameters
        ----------
        progress : is told of the progress beside the run's listener.

        Raises
        ------
        QualityError : if a check with severity ``error`` fails; the message is its table.
        """

        def tell(message: str, figures: dict[str, float]) -> None:
            self.listener.update(work.label, message, figures)
            progress(message, figures)

        context = Context(tell, self.stop, self.executor)
        started, performed = time.perf_counter(), []
        try:
            for line in work.lines:
                performed += self._perform_line(line, context)
                if line.stage.name.startswith("validate_"):
                    self._stop_at_failures(line)
        except BaseException:
            self.failed.add(line)
            self.listener.done(work.label, "failed", time.perf_counter() - started, "")
            raise
        if work.lines[-1].stage.name == "train" and len(work.variants) > 1:
            others = ", ".join(work.variants[1:])
            self.listener.show(work.label, f"trained once for {others} too: equal settings")
        ran = [outcome for outcome in performed if outcome.state == "ran"]
        state, reason = ("ran", ran[0].reason) if ran else ("cached", "")
        self.listener.done(work.label, state, time.perf_counter() - started, reason)
        return performed

    def _perform_line(self, line: Line, context: Context) -> list[Outcome]:
        steps = line.steps
        if line.stage.name == "ingest":
            return [self._perform(step, context, rows) for step, rows in self._cut(line)]
        if len(steps) == 1:
            return [self._perform(steps[0], context)]
        done = []
        for outcome in context.executor.map(lambda step: self._perform(step, context), steps):
            done.append(outcome)
            context.progress(line.stage.name, {"done": len(done), "total": len(steps)})
        return done

    def _cut(self, line: Line) -> Iterable[tuple[Step, Any]]:
        """The steps of ingest with their rows; the file is read again only if some are missing."""
        fresh = self.ledger.fresh
        asked = [
            step for step in line.steps if self.recheck or self.ledger.decide(step).action == "run"
        ]
        if all(step.part in fresh for step in asked):
            return ((step, fresh.pop(step.part or 0, None)) for step in line.steps)
        return self._read_again(line.steps)

    def _read_again(self, steps: list[Step]) -> Iterable[tuple[Step, Any]]:
        changed = InputError("The reviews' file changed while it was read; run again.")
        number = -1
        for number, (info, rows) in enumerate(self.cut_again()):
            if number >= len(steps) or info.digests != self.index.parts[number].digests:
                raise changed
            yield steps[number], rows
        if number + 1 != len(steps):
            raise changed

    def _perform(self, step: Step, context: Context, rows: Any = None) -> Outcome:
        context.check_stop()
        stage, started = step.line.stage, time.perf_counter()
        decision = self.ledger.settle(step)
        artifact = decision.artifact
        if artifact is None:
            with self.ledger.store.lock(stage.name, decision.fingerprint):
                decision = self.ledger.settle(step)
                if decision.artifact is None and stage.name == "ingest" and rows is None:
                    rows = self._rows(step)  # it was there when the file was not read again
                artifact = decision.artifact or self._make(step, decision, context, rows)
        if self.recheck and decision.action == "cached":
            self._recheck(step, artifact, context, rows)
        self.ledger.made(step, artifact, decision.action != "cached")
        outcome = _outcome(
            step,
            artifact,
            decision.action,
            decision.reason,
            time.perf_counter() - started,
            self.ledger.bytes_in(step),
        )
        with self._lock:
            self.outcomes.append(outcome)
            self._lines.append(step.line)
            self.artifacts[step] = artifact
            _, keys = self.keys.setdefault(step.line.slot, (decision.recipe, []))
            keys.append(outcome.key or "")
        return outcome

    def _rows(self, step: Step) -> Any:
        return next(rows for other, rows in self._read_again(step.line.steps) if other == step)

    def _make(self, step: Step, decision: Decision, context: Context, rows: Any) -> Artifact:
        """Call the stage's function and keep what it writes."""
        facts = {
            "recipe": decision.recipe.digest,
            "parts": decision.recipe.to_json(),
            "inputs": decision.inputs,
        }
        ingested = step.line.stage.name == "ingest"
        writer = self._writer(step, context, rows)
        return self.ledger.store.make(
            step.line.stage.name,
            decision.fingerprint,
            writer,
            facts,
            written_digests if ingested else None,
        )

    def _writer(self, step: Step, context: Context, rows: Any) -> Writer:
        """The stage's function with everything but the folder that it writes into."""
        line, stage = step.line, step.line.stage
        function = resolve_name(stage.does)
        handed = arguments(
            line.settings,
            line.files,
            given_facts(line, step.part, self.index),
            rows,
            {name: tuple(map(self.ledger.folder, read)) for name, read in step.inputs().items()},
            {name: reads.every is None for name, reads in stage.reads.items()},
        )
        return partial(function, **handed, context=context)

    def _recheck(self, step: Step, artifact: Artifact, context: Context, rows: Any) -> None:
        """Compute a cached step again, aside, and note its key if the bytes differ."""
        found = self.ledger.store.described_aside(self._writer(step, context, rows))
        kept = {name: entry["sha256"] for name, entry in artifact.manifest["files"].items()}
        if found != kept:
            files = [name for name in {**found, **kept} if found.get(name) != kept.get(name)]
            self.lies.append(f"{step.line.label}: {artifact.folder} ({', '.join(sorted(files))})")

    def stop_at_lies(self) -> None:
        """Raise StoreError if a cached artifact was not what its step computes now."""
        if self.lies:
            raise StoreError(
                "Computing again gave other bytes than these cached artifacts hold; remove them, "
                "or run with --refresh: " + "; ".join(self.lies) + "."
            )

    def _stop_at_failures(self, line: Line) -> None:
        from reviewflow.quality.results import failed, failure_table, read_results

        results = read_results(self.ledger.folder(line.steps[0]))
        if failed(results):
            raise QualityError(failure_table(results))


def _variant(line: Line) -> str | None:
    """The variant that a line belongs to alone; None for what variants share."""
    if line.stage.over == "seed":
        return line.variants[0]
    return line.variants[0] if "[" in line.label and len(line.variants) == 1 else None


def _not_done(step: Step, state: str) -> Outcome:
    name, variant = step.line.stage.name, _variant(step.line)
    return Outcome(name, step.part, variant, None, state, "", 0.0, 0.0, 0, None, 0, 0)


def _outcome(
    step: Step, artifact: Artifact, action: str, reason: str, seconds: float, bytes_in: int
) -> Outcome:
    manifest = artifact.manifest
    return Outcome(
        stage=step.line.stage.name,
        part=step.part,
        variant=_variant(step.line),
        key=manifest["key"],
        state="cached" if action == "cached" else "ran",
        reason=reason,
        seconds=round(seconds, 4),
        cpu_seconds=0.0 if action == "cached" else manifest["cpu_seconds"],
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        rows=manifest["figures"].get("rows"),
        bytes=artifact.bytes,
        bytes_in=bytes_in,
    )
