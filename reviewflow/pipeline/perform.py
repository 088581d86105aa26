"""Perform a resolved step: find its artifact, or make it.

ResolvedStep ─ key ─▶ store: whole? ──────────────────────────▶ artifact
                        └─ no ─▶ lock ─▶ still no? ─ function ─▶ artifact
                                                     └─ code or files changed meanwhile ─▶ error

This is all that a process or a machine elsewhere runs. It needs a store and a context, and
:mod:`reviewflow.pipeline.messages` carries the step there.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from reviewflow.callgraph.imported import changed_modules
from reviewflow.callgraph.versions import changed_packages
from reviewflow.context import Context
from reviewflow.errors import StoreError
from reviewflow.pipeline.call import arguments
from reviewflow.pipeline.resolved import ResolvedStep
from reviewflow.processors import processor_features
from reviewflow.store.artifacts import Artifact, Damage, Store
from reviewflow.store.compiled_code import call_compiled

PYTHON = "python"  # among the packages of a fingerprint
Writer = Callable[..., Mapping[str, Any]]


@dataclass(frozen=True)
class Performed:
    """What became of a step.

    Attributes
    ----------
    ran : whether the artifact was made here. False where it was found whole.
    seconds : how long it took to find or to make it.
    peak_memory_bytes : the most that the process has had in memory so far.
    damage : what was wrong with the artifact that was there before, if one was.
    """

    artifact: Artifact
    ran: bool
    seconds: float
    peak_memory_bytes: int
    damage: Damage | None = None


def perform_step(
    step: ResolvedStep, store: Store, context: Context, force: bool = False
) -> Performed:
    """Return the step's artifact, made if the store has none that is whole.

    Parameters
    ----------
    force : make it whatever the store holds.

    Raises
    ------
    Cancelled : if the run was asked to stop.
    StoreError : if the artifact cannot be written, or if the code or a file changed meanwhile.
    """
    context.check_stop()
    started, key = time.perf_counter(), step.key
    if not force and (found := find_artifact(step.stage, key, store)) is not None:
        return found
    with store.lock(step.stage, key):
        before = None if force else store.find(step.stage, key)
        if isinstance(before, Artifact):
            return _result(before, started)
        made = _make(step, key, store, context)
        return _result(made, started, ran=True, damage=before)


def find_artifact(stage: str, key: str, store: Store) -> Performed | None:
    """Return a step's artifact if it is whole, making nothing."""
    started = time.perf_counter()
    found = store.find(stage, key)
    return _result(found, started) if isinstance(found, Artifact) else None


def _result(
    artifact: Artifact, started: float, ran: bool = False, damage: Damage | None = None
) -> Performed:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Performed(artifact, ran, time.perf_counter() - started, memory, damage)


def recomputed_files(
    step: ResolvedStep, artifact: Artifact, store: Store, context: Context
) -> list[str]:
    """Make a step again in a temporary folder, and return differing files.

    Their bytes differ from those of the artifact.
    """
    found = store.recompute_digests(stage_writer(step, context))
    kept = {name: entry["sha256"] for name, entry in artifact.manifest["files"].items()}
    return sorted(name for name in {**found, **kept} if found.get(name) != kept.get(name))


def stage_writer(step: ResolvedStep, context: Context) -> Writer:
    """Return the stage's function with every argument but its folder.

    It holds code and files against the key once it has run.
    """
    rows = step.source.rows(step.part) if step.source and step.part is not None else None
    given = arguments(
        step.settings,
        step.files,
        step.facts,
        rows,
        {name: read.folders for name, read in step.inputs.items()},
        {name: read.is_single for name, read in step.inputs.items()},
    )
    return partial(_write, step, partial(resolve_name(step.function), **given, context=context))


def _make(step: ResolvedStep, key: str, store: Store, context: Context) -> Artifact:
    facts = {
        "fingerprint": step.fingerprint.digest,
        "key_parts": step.fingerprint.to_json(),
        "inputs": step.input_digests,
        "processor": list(processor_features()),
    }
    digests = resolve_name(step.digests) if step.digests else None

    def make() -> Artifact:
        return store.make(step.stage, key, stage_writer(step, context), facts, digests)

    return call_compiled(make)


def _write(step: ResolvedStep, function: Writer, folder: Path) -> Mapping[str, Any]:
    """Run the function, and refuse its result if it is not what the key says."""
    before = {path: _state(path) for path in step.watched_files}
    for path, digest in step.watched_files.items():
        if step.current_digest(path) != digest:
            raise _changed_meanwhile(step, str(path))
    figures = function(folder=folder)
    for path in step.watched_files:
        if _state(path) != before[path]:
            raise _changed_meanwhile(step, str(path))
    modules = {name: None for reach in step.reaches for name in changed_modules(reach)}
    packages = {name: each for name, each in step.fingerprint.packages.items() if name != PYTHON}
    if changed := [*modules, *changed_packages(packages)]:
        raise _changed_meanwhile(step, ", ".join(changed))
    return figures


def _state(path: Path) -> tuple[int, ...]:
    """Return a file's state, which any write changes."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _changed_meanwhile(step: ResolvedStep, what: str) -> StoreError:
    return StoreError(
        f"{what} changed while the run was going, so the result of {step.label} was not kept; "
        "run again."
    )
