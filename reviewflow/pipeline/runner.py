"""Run a job: perform what the planner decides, record each outcome.

planner ─▶ task groups (what a person calls a stage) ─▶ outcomes ─▶ run.json
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from pkgutil import resolve_name
from threading import Event, Lock
from typing import Any

from reviewflow.context import Context, Progress, silent
from reviewflow.errors import Cancelled, QualityError, StoreError, error_line, out_of_memory
from reviewflow.memory import release_free_memory
from reviewflow.pipeline.executors import Request, StepExecutor, make_executor
from reviewflow.pipeline.graph import Node, Step
from reviewflow.pipeline.keys import Fingerprint
from reviewflow.pipeline.perform import Performed, find_artifact, perform_step, recomputed_files
from reviewflow.pipeline.planner import Planner
from reviewflow.pipeline.reasons import Reason, reason_text
from reviewflow.processors import other_features, processor_features
from reviewflow.store.artifacts import Artifact

FOUND_AT_ONCE = 256  # steps that a thread looks for before it takes others


@dataclass(frozen=True)
class Outcome:
    """What became of one step. The fields are run.json's.

    ``bytes`` is the size of what it wrote, ``bytes_in`` that of the artifacts that it read, both
    as they are on the disk.
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
    reasons: tuple[Reason, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the fields as run.json has them."""
        return {**vars(self), "reasons": [reason._asdict() for reason in self.reasons]}


class TaskGroup:
    """Nodes that are shown, submitted and summed up as one stage.

    Not a dataclass on purpose: an orchestrator may walk the fields of those.
    """

    def __init__(self, title: str, nodes: list[Node]) -> None:
        self.title, self.nodes, self.variants = title, nodes, tuple(nodes[-1].variants)


class Listener:
    """A listener to a run's progress. This one ignores it."""

    def update(self, name: str, message: str, figures: dict[str, float]) -> None:
        """Hear of a task group's progress."""

    def done(self, name: str, state: str, seconds: float, reason: str) -> None:
        """Hear that a task group has ended.

        Parameters
        ----------
        state : ``ran``, ``cached``, ``failed`` or ``stopped``.
        """

    def show(self, name: str, lines: str) -> None:
        """Hear a text of a task group that is for a person to read."""


class Run:
    """The steps of one run, performed and recorded.

    Parameters
    ----------
    planner : decides about every step.
    listener : hears of the progress.
    pool : runs the parts of a stage side by side.
    recheck : compute again, aside, every step that is cached, and compare bytes.
    executor : performs the steps. None: the threads of the pool.
    """

    def __init__(
        self,
        planner: Planner,
        listener: Listener,
        pool: Executor,
        recheck: bool = False,
        executor: StepExecutor | None = None,
    ) -> None:
        self.planner, self.listener, self.pool, self.recheck = planner, listener, pool, recheck
        self.executor = executor or make_executor(pool)
        self.stop = Event()
        planner.store.verify |= recheck  # what is compared must be the bytes that are there
        self.mismatches: list[str] = []
        self.artifacts: dict[Step, Artifact] = {}
        self._failed: dict[Node, str] = {}
        self._failed_after: dict[Node, float] = {}  # seconds, of stopped nodes as well
        self._stopped: dict[Node, None] = {}
        self._skipped: dict[Node, None] = {}
        self._ended: list[tuple[Node, Outcome]] = []
        self._keys: dict[str, tuple[Fingerprint, list[str]]] = {}
        self._lock = Lock()
        self._titles: dict[str, set[str]] = {}
        for node in planner.nodes:
            self._titles.setdefault(node.stage.name, set()).add(node.title)

    @property
    def index(self) -> Any:
        """Which parts the rows are cut into."""
        assert self.planner.source is not None
        return self.planner.source.index

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of the steps that have ended, in the order of ``artifacts``."""
        with self._lock:
            return [outcome for _, outcome in self._ended]

    @property
    def keys(self) -> dict[str, tuple[Fingerprint, list[str]]]:
        """Fingerprint and keys of each node that was reached, by history key."""
        with self._lock:
            return {name: (made_of, list(own)) for name, (made_of, own) in self._keys.items()}

    def folders_of(self, stage: str) -> list[Path]:
        """Return the folders of a stage's artifacts that are there so far."""
        return [artifact.folder for artifact in self._artifacts_of(stage)]

    def part_folders(self, stage: str) -> list[Path]:
        """Return the folders of a stage's parts that are there, in order."""
        with self._lock:
            found = [
                (s.part or 0, a) for s, a in self.artifacts.items() if s.node.stage.name == stage
            ]
        return [artifact.folder for _, artifact in sorted(found, key=lambda pair: pair[0])]

    def folder_of(self, stage: str) -> Path | None:
        """Return the folder of a stage's only artifact, None if not reached."""
        folders = self.folders_of(stage)
        return folders[0] if folders else None

    def figure_of(self, stage: str, name: str) -> int:
        """Return a figure of a stage, summed over the parts that were reached."""
        return sum(artifact.figures.get(name, 0) for artifact in self._artifacts_of(stage))

    def all_outcomes(self) -> list[Outcome]:
        """Return one outcome for each step.

        A step that was not reached is ``failed`` or ``skipped``.
        """
        with self._lock:
            ended, reached = list(self._ended), set(self.artifacts)
        found = [
            replace(outcome, state="failed") if node in self._failed else outcome
            for node, outcome in ended
        ]
        missed = [
            self._not_reached(step)
            for node in self.planner.nodes
            for step in node.steps
            if step not in reached
        ]
        return found + missed

    def has_failed(self, node: Node) -> bool:
        """Return whether a step of a node raised an error, other than of a stop."""
        return node in self._failed

    def cause_of(self, node: Node) -> str | None:
        """Return why a node has failed, in a line, None if it has not."""
        return self._failed.get(node)

    def failed_after(self, node: Node) -> float:
        """Return after how many seconds a node has failed, 0 if it has not."""
        return self._failed_after[node] if node in self._failed else 0.0

    def task_groups(self, *groups: str) -> list[TaskGroup]:
        """Return the task groups under a name, each with its nodes."""
        found: dict[str, list[Node]] = {}
        for node in self.planner.nodes:
            if node.stage.group in groups:
                found.setdefault(node.title, []).append(node)
        return [TaskGroup(title, nodes) for title, nodes in found.items()]

    def sources(self, group: TaskGroup) -> set[str]:
        """Return titles of the groups that a group reads or waits for."""
        nodes = {node for own in group.nodes for read in own.upstream.values() for node in read}
        checks = {name for own in group.nodes for name in own.stage.after}
        titles = {node.title for node in nodes}
        for name in checks:
            titles |= self._titles[name]
        return titles - {group.title}

    def skip_after_failure(self, group: TaskGroup) -> list[str]:
        """Return titles of a group's sources that failed or were skipped.

        If there are some, the group counts as skipped as well.
        """
        titles = self.sources(group)
        with self._lock:
            lost = {node.title: None for node in (*self._failed, *self._skipped)}
            broken = [title for title in lost if title in titles]
            self._skipped |= dict.fromkeys(group.nodes if broken else ())
        return broken

    def perform(self, group: TaskGroup, progress: Progress = silent) -> list[Outcome]:
        """Perform a task group, and return one outcome for each step.

        Parameters
        ----------
        progress : hears of the progress beside the run's listener.

        Raises
        ------
        QualityError : if a stage's gate says that the run must stop. The message is its reason.
        ReviewflowError : if there is not enough memory for a stage.
        """

        def update(message: str, figures: dict[str, float]) -> None:
            self.listener.update(group.title, message, figures)
            progress(message, figures)

        context = Context(update, self.stop, self.pool)
        started, outcomes = time.perf_counter(), []
        for node in group.nodes:
            node_started = time.perf_counter()
            try:
                outcomes += self._perform_node(node, context)
                self._stop_at_gate(node)
            except BaseException as error:
                self._failed_after[node] = round(time.perf_counter() - node_started, 4)
                self._end_early(group, node, error, time.perf_counter() - started)
                if isinstance(error, RuntimeError) and self.stop.is_set():
                    context.check_stop()  # the pool was shut down under the stage
                too_much = out_of_memory(error, group.title)
                if too_much is None:
                    raise
                raise too_much from error
        shared = group.nodes[-1].stage.shared
        if shared and len(group.variants) > 1:
            others = ", ".join(group.variants[1:])
            self.listener.show(group.title, f"{shared} once for {others} too: equal settings")
        ran = [outcome for outcome in outcomes if outcome.state == "ran"]
        state, reason = ("ran", ran[0].reason) if ran else ("cached", "")
        if ran:
            release_free_memory()
        self.listener.done(group.title, state, time.perf_counter() - started, reason)
        return outcomes

    def raise_if_nondeterministic(self) -> None:
        """Raise StoreError if a cached artifact is not what its step computes now."""
        if self.mismatches:
            raise StoreError(
                "Computing again gave other bytes than these cached artifacts hold; remove them, "
                "or run with --refresh: " + "; ".join(self.mismatches) + "."
            )

    def raise_if_stopped(self) -> None:
        """Raise QualityError if gates stopped the run, with one message for all."""
        with self._lock:
            stopped = sorted(self._stopped, key=lambda node: node.number)
        for gate in dict.fromkeys(node.stage.gate for node in stopped):
            why = self._why_stopped(gate, [node for node in stopped if node.stage.gate == gate])
            if why is not None:
                raise QualityError(why)

    def _end_early(
        self, group: TaskGroup, node: Node, error: BaseException, seconds: float
    ) -> None:
        """Record why a node did not end. A stop is not a failure."""
        is_stop = self.stop.is_set() or isinstance(error, Cancelled)
        if not is_stop:
            self._failed[node] = error_line(out_of_memory(error, group.title) or error)
        self.listener.done(group.title, "stopped" if is_stop else "failed", seconds, "")

    def _not_reached(self, step: Step) -> Outcome:
        """Return the outcome of a step that failed or was skipped."""
        node = step.node
        name, variant, has_failed = node.stage.name, node.variant, node in self._failed
        state = "failed" if has_failed else "skipped"
        seconds = self.failed_after(node) if len(node.steps) == 1 else 0.0
        return Outcome(name, step.part, variant, None, state, "", seconds, 0.0, 0, None, 0, 0)

    def _artifacts_of(self, stage: str) -> list[Artifact]:
        with self._lock:
            return [a for step, a in self.artifacts.items() if step.node.stage.name == stage]

    def _perform_node(self, node: Node, context: Context) -> list[Outcome]:
        context.check_stop()
        outcomes = []
        for step, performed in self._perform_steps(node, context):
            if self.recheck and not performed.ran:
                self._recheck(step, performed.artifact, context)
            outcomes.append(self._record(step, performed))
            if len(node.steps) > 1:
                done = {"done": float(len(outcomes)), "total": float(len(node.steps))}
                context.progress(node.stage.name, done)
        return outcomes

    def _perform_steps(self, node: Node, context: Context) -> Iterator[tuple[Step, Performed]]:
        """Yield each step of a node with what became of it, in order.

        What the store has is found here. Only the other steps are resolved and performed.
        """
        planner, source = self.planner, self.planner.source
        keys = {step: planner.key(step) for step in node.steps}
        forced = self._refreshed_steps(keys)
        found = self._find(node.stage.name, {s: keys[s] for s in node.steps if s not in forced})
        missing = (step for step in node.steps if step not in found)
        requests = [Request(planner.resolve(step), step in forced) for step in missing]
        made: Iterator[Performed]
        if node.stage.reads_source and source is not None:  # it is read once, from its front
            made = (perform_step(r.step, planner.store, context, r.force) for r in requests)
        else:
            made = self.executor.perform_all(requests, planner.store, context)
        for step in node.steps:
            yield step, found.get(step) or next(made)
        if node.stage.reads_source and source is not None:
            source.close()

    def _refreshed_steps(self, keys: Mapping[Step, str]) -> frozenset[Step]:
        """Return the steps of a refresh: of equal ones the first."""
        first = {key: step for step, key in reversed(list(keys.items()))}
        return frozenset(s for key, s in first.items() if self.planner.is_forced(s, key))

    def _find(self, stage: str, keys: Mapping[Step, str]) -> dict[Step, Performed]:
        """Return the steps whose artifacts are whole."""

        def find(steps: list[Step]) -> list[Performed | None]:
            return [find_artifact(stage, keys[step], self.planner.store) for step in steps]

        steps = list(keys)
        batches = [steps[n : n + FOUND_AT_ONCE] for n in range(0, len(steps), FOUND_AT_ONCE)]
        results = map(find, batches) if len(batches) == 1 else self.pool.map(find, batches)
        performed = chain.from_iterable(results)
        return {step: each for step, each in zip(steps, performed, strict=True) if each}

    def _recheck(self, step: Step, artifact: Artifact, context: Context) -> None:
        """Compute a cached step again, and note it if the bytes differ."""
        files = recomputed_files(self.planner.resolve(step), artifact, self.planner.store, context)
        if files:
            features = other_features(artifact.manifest.get("processor") or processor_features())
            why = f"; made on another processor: {', '.join(features)}" if features else ""
            self.mismatches.append(
                f"{step.node.label}: {artifact.folder} ({', '.join(files)}{why})"
            )

    def _record(self, step: Step, performed: Performed) -> Outcome:
        """Keep what became of a step."""
        planner, artifact = self.planner, performed.artifact
        key = artifact.key
        reasons = planner.reasons(step, key, performed.damage) if performed.ran else ()
        planner.record(step, artifact, performed.ran)
        outcome = _outcome(step, performed, reasons, planner.bytes_in(step))
        with self._lock:
            self._ended.append((step.node, outcome))
            self.artifacts[step] = artifact
            _, own = self._keys.setdefault(step.node.history_key, (planner.fingerprint(step), []))
            own.append(key)
        return outcome

    def _stop_at_gate(self, node: Node) -> None:
        """Raise QualityError if the node's gate says that the run must stop."""
        why = self._why_stopped(node.stage.gate, [node])
        if why is not None:
            with self._lock:
                self._stopped[node] = None
            raise QualityError(why)

    def _why_stopped(self, gate: str | None, nodes: list[Node]) -> str | None:
        """Return what a gate says of nodes whose artifacts are made."""
        if gate is None:
            return None
        folders = {node.title: self.planner.folder(node.steps[0]) for node in nodes}
        files = {
            node.title: {node.stage.files[name]: path for name, path in node.files.items()}
            for node in nodes
        }
        why: str | None = resolve_name(gate)(folders, files)
        return why


def _outcome(
    step: Step, performed: Performed, reasons: tuple[Reason, ...], bytes_in: int
) -> Outcome:
    artifact = performed.artifact
    return Outcome(
        stage=step.node.stage.name,
        part=step.part,
        variant=step.node.variant,
        key=artifact.key,
        state="ran" if performed.ran else "cached",
        reason=reason_text(reasons),
        seconds=round(performed.seconds, 4),
        cpu_seconds=artifact.cpu_seconds if performed.ran else 0.0,
        peak_memory_bytes=performed.peak_memory_bytes,
        rows=artifact.figures.get("rows"),
        bytes=artifact.bytes,
        bytes_in=bytes_in,
        reasons=reasons,
    )
