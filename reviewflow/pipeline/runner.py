"""One run of the job: performs what the planner decides and keeps the record of it.

config ─ index ─ nodes ─ planner ─▶ works (what a person calls a stage) ─▶ outcomes ─▶ run.json
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

from reviewflow.context import Context, Progress, silent
from reviewflow.errors import InputError, QualityError, StoreError
from reviewflow.pipeline.call import arguments
from reviewflow.pipeline.graph import Node, Step
from reviewflow.pipeline.keys import Fingerprint
from reviewflow.pipeline.planner import Decision, Planner, given_facts
from reviewflow.reviews.column_digests import written_digests
from reviewflow.reviews.parts import Index, PartInfo
from reviewflow.store.artifacts import Artifact

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


class TaskGroup:
    """What a person calls a stage: nodes that are shown, submitted and summed up as one.

    Not a dataclass on purpose: an orchestrator may walk the fields of those.
    """

    def __init__(self, label: str, nodes: list[Node], variants: tuple[str, ...]) -> None:
        self.label, self.nodes, self.variants = label, nodes, variants


class Listener:
    """Is told what a run does; this one keeps it to itself."""

    def update(self, name: str, message: str, figures: dict[str, float]) -> None:
        """A piece of group has come further."""

    def done(self, name: str, state: str, seconds: float, reason: str) -> None:
        """A piece of group has ended: ``ran``, ``cached`` or ``failed``."""

    def show(self, name: str, nodes: str) -> None:
        """A piece of group has something to read."""


class Run:
    """The steps of one run, performed and recorded.

    Parameters
    ----------
    planner : decides about every step.
    listener : is told of the progress.
    executor : runs the parts of a stage side by side.
    cut_again : reads the rows again, part by part, where a job has rows.
    recheck : compute again, aside, every step that is cached, and compare bytes.
    """

    def __init__(
        self,
        planner: Planner,
        listener: Listener,
        executor: Executor,
        cut_again: CutAgain = tuple,
        recheck: bool = False,
    ) -> None:
        self.planner, self.listener, self.executor = planner, listener, executor
        self.cut_again, self.recheck, self.stop = cut_again, recheck, Event()
        planner.store.verify |= recheck  # what is compared must be the bytes that are there
        self.lies: list[str] = []
        self.failed: set[Node] = set()
        self.outcomes: list[Outcome] = []
        self._nodes: list[Node] = []
        self.keys: dict[str, tuple[Fingerprint, list[str]]] = {}
        self.artifacts: dict[Step, Artifact] = {}
        self._lock = Lock()

    @property
    def index(self) -> Index:
        """Which parts the rows are cut into."""
        return self.planner.index

    def folders_of(self, stage: str) -> list[Path]:
        """The folders of a stage's artifacts that this run has made or found so far."""
        with self._lock:
            return [a.folder for step, a in self.artifacts.items() if step.node.stage.name == stage]

    def figure_of(self, stage: str, name: str) -> int:
        """A figure that a stage told of each part, added up over what was reached."""
        with self._lock:
            found = [a for step, a in self.artifacts.items() if step.node.stage.name == stage]
        return sum(artifact.manifest["figures"].get(name, 0) for artifact in found)

    def folder_of(self, stage: str) -> Path | None:
        """The folder of a stage's only artifact; None where the run did not get there."""
        folders = self.folders_of(stage)
        return folders[0] if folders else None

    def all_outcomes(self) -> list[Outcome]:
        """One outcome a step of the job; what was not reached is ``failed`` or ``skipped``."""
        reached = [
            replace(outcome, state="failed") if node in self.failed else outcome
            for node, outcome in zip(self._nodes, self.outcomes, strict=True)
        ]
        missed = [
            _not_done(step, "failed" if step.node in self.failed else "skipped")
            for node in self.planner.nodes
            for step in node.steps
            if step not in self.artifacts
        ]
        return reached + missed

    def task_groups(self, *group: str) -> list[TaskGroup]:
        """Pieces of group of a stage as a person calls it, one for each distinct set of nodes."""
        found: dict[str, list[Node]] = {}
        for node in self.planner.nodes:
            if node.stage.group in group:
                label = node.title
                found.setdefault(label, []).append(node)
        return [
            TaskGroup(label, nodes, tuple(nodes[-1].variants)) for label, nodes in found.items()
        ]

    def sources(self, group: TaskGroup) -> set[str]:
        """Labels of the works whose artifacts, or whose passing, a piece of group waits for."""
        nodes = {node for own in group.nodes for group in own.upstream.values() for node in group}
        checks = {name for own in group.nodes for name in own.stage.after}
        names = {node.title for node in nodes}
        names |= {node.title for node in self.planner.nodes if node.stage.name in checks}
        return names - {group.label}

    def perform(self, group: TaskGroup, progress: Progress = silent) -> list[Outcome]:
        """Do what has to be done of a piece of group; returns one outcome a step.

        Parameters
        ----------
        progress : is told of the progress beside the run's listener.

        Raises
        ------
        QualityError : if a check with severity ``error`` fails; the message is its table.
        """

        def tell(message: str, figures: dict[str, float]) -> None:
            self.listener.update(group.label, message, figures)
            progress(message, figures)

        context = Context(tell, self.stop, self.executor)
        started, performed = time.perf_counter(), []
        try:
            for node in group.nodes:
                performed += self._perform_node(node, context)
                if node.stage.name.startswith("validate_"):
                    self._stop_at_failures(node)
        except BaseException:
            self.failed.add(node)
            self.listener.done(group.label, "failed", time.perf_counter() - started, "")
            raise
        if group.nodes[-1].stage.name == "train" and len(group.variants) > 1:
            others = ", ".join(group.variants[1:])
            self.listener.show(group.label, f"trained once for {others} too: equal settings")
        ran = [outcome for outcome in performed if outcome.state == "ran"]
        state, reason = ("ran", ran[0].reason) if ran else ("cached", "")
        self.listener.done(group.label, state, time.perf_counter() - started, reason)
        return performed

    def _perform_node(self, node: Node, context: Context) -> list[Outcome]:
        steps = node.steps
        if node.stage.name == "ingest":
            return [self._perform(step, context, rows) for step, rows in self._cut(node)]
        if len(steps) == 1:
            return [self._perform(steps[0], context)]
        done = []
        for outcome in context.executor.map(lambda step: self._perform(step, context), steps):
            done.append(outcome)
            context.progress(node.stage.name, {"done": len(done), "total": len(steps)})
        return done

    def _cut(self, node: Node) -> Iterable[tuple[Step, Any]]:
        """The steps of ingest with their rows; the file is read again only if some are missing."""
        fresh = self.planner.fresh
        asked = [
            step
            for step in node.steps
            if self.recheck or self.planner.plan_step(step).action == "run"
        ]
        if all(step.part in fresh for step in asked):
            return ((step, fresh.pop(step.part or 0, None)) for step in node.steps)
        return self._read_again(node.steps)

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
        stage, started = step.node.stage, time.perf_counter()
        decision = self.planner.resolve(step)
        artifact = decision.artifact
        if artifact is None:
            with self.planner.store.lock(stage.name, decision.identity):
                decision = self.planner.resolve(step)
                if decision.artifact is None and stage.name == "ingest" and rows is None:
                    rows = self._rows(step)  # it was there when the file was not read again
                artifact = decision.artifact or self._make(step, decision, context, rows)
        if self.recheck and decision.action == "cached":
            self._recheck(step, artifact, context, rows)
        self.planner.made(step, artifact, decision.action != "cached")
        outcome = _outcome(
            step,
            artifact,
            decision.action,
            decision.reason,
            time.perf_counter() - started,
            self.planner.bytes_in(step),
        )
        with self._lock:
            self.outcomes.append(outcome)
            self._nodes.append(step.node)
            self.artifacts[step] = artifact
            _, keys = self.keys.setdefault(step.node.history_key, (decision.fingerprint, []))
            keys.append(outcome.key or "")
        return outcome

    def _rows(self, step: Step) -> Any:
        return next(rows for other, rows in self._read_again(step.node.steps) if other == step)

    def _make(self, step: Step, decision: Decision, context: Context, rows: Any) -> Artifact:
        """Call the stage's function and keep what it writes."""
        facts = {
            "fingerprint": decision.fingerprint.digest,
            "key_parts": decision.fingerprint.to_json(),
            "inputs": decision.inputs,
        }
        ingested = step.node.stage.name == "ingest"
        writer = self._writer(step, context, rows)
        return self.planner.store.make(
            step.node.stage.name,
            decision.identity,
            writer,
            facts,
            written_digests if ingested else None,
        )

    def _writer(self, step: Step, context: Context, rows: Any) -> Writer:
        """The stage's function with everything but the folder that it writes into."""
        node, stage = step.node, step.node.stage
        function = resolve_name(stage.function)
        handed = arguments(
            node.settings,
            node.files,
            given_facts(node, step.part, self.index),
            rows,
            {name: tuple(map(self.planner.folder, read)) for name, read in step.inputs().items()},
            {name: reads.every is None for name, reads in stage.reads.items()},
        )
        return partial(function, **handed, context=context)

    def _recheck(self, step: Step, artifact: Artifact, context: Context, rows: Any) -> None:
        """Compute a cached step again, aside, and note its key if the bytes differ."""
        found = self.planner.store.recompute_digests(self._writer(step, context, rows))
        kept = {name: entry["sha256"] for name, entry in artifact.manifest["files"].items()}
        if found != kept:
            files = [name for name in {**found, **kept} if found.get(name) != kept.get(name)]
            self.lies.append(f"{step.node.label}: {artifact.folder} ({', '.join(sorted(files))})")

    def stop_at_lies(self) -> None:
        """Raise StoreError if a cached artifact was not what its step computes now."""
        if self.lies:
            raise StoreError(
                "Computing again gave other bytes than these cached artifacts hold; remove them, "
                "or run with --refresh: " + "; ".join(self.lies) + "."
            )

    def _stop_at_failures(self, node: Node) -> None:
        from reviewflow.quality.results import failed, failure_table, read_results

        results = read_results(self.planner.folder(node.steps[0]))
        if failed(results):
            raise QualityError(failure_table(results))


def _variant(node: Node) -> str | None:
    """The variant that a node belongs to alone; None for what variants share."""
    if node.stage.fan_out == "seed":
        return node.variants[0]
    return node.variants[0] if "[" in node.label and len(node.variants) == 1 else None


def _not_done(step: Step, state: str) -> Outcome:
    name, variant = step.node.stage.name, _variant(step.node)
    return Outcome(name, step.part, variant, None, state, "", 0.0, 0.0, 0, None, 0, 0)


def _outcome(
    step: Step, artifact: Artifact, action: str, reason: str, seconds: float, bytes_in: int
) -> Outcome:
    manifest = artifact.manifest
    return Outcome(
        stage=step.node.stage.name,
        part=step.part,
        variant=_variant(step.node),
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
