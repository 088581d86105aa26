"""Carry a step to a worker process, and what became of it back.

::

    Request ─ pack ─▶ bytes ─▶ worker: same code, packages, processor? ─ perform_step ─▶ store
                                                                             │
    Performed ◀─ unpack ◀─ bytes ◀─ whether it ran, or the error ────────────┘

Messages hold settings, keys and folder names, never data: a worker reads and writes the store.
They are pickled, since they pass only between a run and its own workers, and no file keeps them.

The worker analyses its own code. What it finds must be what the key of the step says, so that a key
is true to the code that runs there.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from platform import python_version
from threading import Event, Lock
from traceback import format_exception

from reviewflow.callgraph.cache import reaches
from reviewflow.callgraph.reached import Reach
from reviewflow.callgraph.versions import installed_version
from reviewflow.context import Context, Progress
from reviewflow.errors import ReviewflowError, WorkerError
from reviewflow.pipeline.executors import Request
from reviewflow.pipeline.opening import CODE_CACHE
from reviewflow.pipeline.perform import PYTHON, Performed, perform_step
from reviewflow.pipeline.resolved import ResolvedStep
from reviewflow.pipeline.stage import ROOT
from reviewflow.processors import other_features, processor_features, processors
from reviewflow.store.artifacts import Artifact, Damage, Store
from reviewflow.store.compiled_code import keep_compiled_code
from reviewflow.store.remote_store import FOLDER, open_store

PROGRESS_SECONDS = 0.2  # between two reports of progress
LOCAL_STORE = Path(FOLDER, "store")  # of a worker that shares object storage with the run
MOST_NAMES = 3  # of definitions or packages in one sentence


@dataclass(frozen=True)
class Check:
    """What a worker must have in common with the run, in plain values.

    Attributes
    ----------
    step : the name of the step.
    store : the store's folder.
    url : of the object storage behind the store, if there is some.
    functions : the functions whose reach the key counts.
    processor : None where any will do.
    """

    step: str
    store: str
    url: str | None
    functions: tuple[str, ...]
    code: Mapping[str, str]
    packages: Mapping[str, str]
    processor: tuple[str, ...] | None


@dataclass(frozen=True)
class StepResult:
    """What became of a step. The fields are those of `Performed`."""

    ran: bool
    seconds: float
    peak_memory_bytes: int
    damage: Damage | None


def pack(request: Request, store: Store, any_processor: bool) -> bytes:
    """Return the message that asks a worker for a step.

    Parameters
    ----------
    any_processor : whether a worker with another kind of processor may perform it.
    """
    step, made_of = request.step, request.step.fingerprint
    check = {
        "step": step.name,
        "store": str(store.folder.absolute() if store.url is None else LOCAL_STORE),
        "url": store.url,
        "functions": tuple(reach.entry for reach in step.reaches),
        "code": dict(made_of.code),
        "packages": dict(made_of.packages),
        "processor": None if any_processor else processor_features(),
    }
    portable = replace(
        step,
        fingerprint=replace(made_of, code={}, packages={}),  # those of the check
        reaches=(),
        source=None,
        files={name: path.absolute() for name, path in step.files.items()},
        resources={path.relative_to(ROOT): each for path, each in step.resources.items()},
        inputs={
            name: replace(each, folders=tuple(f.relative_to(store.folder) for f in each.folders))
            for name, each in step.inputs.items()
        },
    )
    body = pickle.dumps((portable, request.force, store.verify))
    return pickle.dumps((check, body))


def perform_message(message: bytes, context: Context, worker: str) -> bytes:
    """Perform the step of a message, and return the reply to it.

    Parameters
    ----------
    worker : what errors call this process.
    """
    result: StepResult | BaseException
    try:
        fields, body = pickle.loads(message)
        result = _perform(Check(**fields), body, context, worker)
    except Exception as error:
        if not isinstance(error, ReviewflowError):
            error.add_note("".join(format_exception(error)))  # for --debug
        result = error
    return _dumps(result)


def unpack(reply: bytes, step: ResolvedStep, store: Store) -> Performed:
    """Return what became of a step that a worker has performed.

    Raises
    ------
    WorkerError : if its artifact is not in the store.
    BaseException : what the step raised there.
    """
    result = pickle.loads(reply)
    if isinstance(result, BaseException):
        raise result
    found = store.find_new(step.stage, step.key)
    if not isinstance(found, Artifact):
        raise WorkerError(
            f"A worker performed {step.name}, but its artifact is not in {store.folder}; check "
            "that run and workers see the same folder under this path."
        )
    return Performed(
        found, result.ran, result.seconds, result.peak_memory_bytes, damage=result.damage
    )


def worker_context(send: Progress, stop: Event) -> Context:
    """Return the context of a step in a worker.

    Parameters
    ----------
    send : sends progress to the run. It is called now and then.
    stop : ends the step.
    """
    return Context(WorkerProgress(send), stop, _threads())


class WorkerProgress:
    """Passes on progress, but not more often than a person can see."""

    def __init__(self, send: Progress) -> None:
        self.send, self._sent, self._lock = send, 0.0, Lock()

    def __call__(self, message: str, figures: dict[str, float]) -> None:
        """Pass on a report, unless the last was a moment ago."""
        with self._lock:
            now = time.monotonic()
            if now - self._sent >= PROGRESS_SECONDS:
                self._sent = now
                self.send(message, figures)


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(processors())


def _perform(check: Check, body: bytes, context: Context, worker: str) -> StepResult:
    """Perform a step if this process has everything as the run has it."""
    refusal = _refusal(check)
    if refusal is not None:
        raise WorkerError(f"{worker} cannot perform {check.step}: {refusal}.")
    keep_compiled_code(Path(check.store).parent)
    sent, force, verify = pickle.loads(body)
    store = open_store(Path(check.store).absolute(), check.url, verify, lists=False)
    step = replace(
        sent,
        fingerprint=replace(sent.fingerprint, code=check.code, packages=check.packages),
        reaches=_own_reaches(check.functions, check.store),
        resources={ROOT / path: each for path, each in sent.resources.items()},
        inputs={
            name: replace(each, folders=tuple(store.folder / f for f in each.folders))
            for name, each in sent.inputs.items()
        },
    )
    for each in step.inputs.values():
        store.provide(each.folders)
    done = perform_step(step, store, context, force)
    return StepResult(done.ran, done.seconds, done.peak_memory_bytes, done.damage)


def _refusal(check: Check) -> str | None:
    """Return why this process may not perform a step."""
    if check.processor is not None and (features := other_features(check.processor)):
        return (
            f"its processor differs from the run's ({_names(features)}), and so may the last bits "
            "of what it computes; allow it with --any-processor"
        )
    packages = [name for name, version in check.packages.items() if _version(name) != version]
    if packages:
        return f"it has other versions of {_names(packages)} than the run; install the same there"
    code = _other_code(check)
    if code:
        return (
            f"its code differs from the run's ({_names(code)}); install the "
            "same version there and start the worker again"
        )
    return None


def _other_code(check: Check) -> list[str]:
    """Return the definitions that are not here what the key says."""
    try:
        found = _own_reaches(check.functions, check.store)
    except ReviewflowError:  # a function is not here at all
        return list(check.functions)
    own = {name: code for reach in found for name, code in reach.definitions.items()}
    return sorted({name for name, _ in {*own.items()} ^ {*check.code.items()}})


@lru_cache(maxsize=64)
def _own_reaches(functions: tuple[str, ...], store: str) -> tuple[Reach, ...]:
    """Return what functions reach in the code that this process has."""
    found = reaches(functions, Path(store).parent / CODE_CACHE)
    return tuple(found[name] for name in functions)


def _version(package: str) -> str | None:
    """Return the version of a package here, None if it is not installed."""
    try:
        return python_version() if package == PYTHON else installed_version(package)
    except ReviewflowError:
        return None


def _names(names: list[str]) -> str:
    """Return the first names, and how many there are beside."""
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _dumps(result: StepResult | BaseException) -> bytes:
    """Return a reply as bytes, with words for an error that has no bytes."""
    try:
        content = pickle.dumps(result)
        pickle.loads(content)
        return content
    except Exception:
        return pickle.dumps(RuntimeError(repr(result)))
