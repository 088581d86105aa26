"""Perform many steps in parallel.

steps ─▶ StepExecutor.perform_all ─▶ what became of each, in the order of the steps

| ``--executor`` | class |
| --- | --- |
| ``threads`` | `ThreadExecutor` |
| ``processes`` | :class:`reviewflow.pipeline.process_executor.ProcessExecutor` |
| ``dask``, ``tcp://host:8786`` | :class:`reviewflow.pipeline.dask_executor.DaskExecutor` |

Another way is one more class. None of them is in any key.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib.util import find_spec

from reviewflow.context import Context
from reviewflow.errors import ConfigError
from reviewflow.pipeline.perform import Performed, perform_step
from reviewflow.pipeline.resolved import ResolvedStep
from reviewflow.processors import processors
from reviewflow.store.artifacts import Store

KINDS = ("threads", "processes", "dask")
# the address of a Dask scheduler, which has no users
SCHEDULER = r"tcp://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}"


@dataclass(frozen=True)
class Request:
    """A step to perform.

    Attributes
    ----------
    force : make it whatever the store holds.
    """

    step: ResolvedStep
    force: bool


class StepExecutor(ABC):
    """Performs resolved steps.

    Attributes
    ----------
    width : how many stages, variants and seeds may give it steps at once. None: as many as this
        machine has processors.
    """

    width: int | None = None

    @abstractmethod
    def perform_all(
        self, requests: Sequence[Request], store: Store, context: Context
    ) -> Iterator[Performed]:
        """Yield what became of each step, in the order of the requests."""

    def close(self) -> None:  # noqa: B027 - most have nothing to end
        """End what the executor started, and stop steps that are going on."""


class ThreadExecutor(StepExecutor):
    """Performs steps on the threads of a pool.

    A single step runs in the caller's thread, since its stage may use the pool for its pieces.
    """

    def __init__(self, pool: Executor) -> None:
        self.pool = pool

    def perform_all(
        self, requests: Sequence[Request], store: Store, context: Context
    ) -> Iterator[Performed]:
        """Yield what became of each step, in the order of the requests."""

        def perform(request: Request) -> Performed:
            return perform_step(request.step, store, context, request.force)

        context.check_stop()  # a pool that is shut down takes no work
        return map(perform, requests) if len(requests) == 1 else self.pool.map(perform, requests)


def make_executor(
    pool: Executor, kind: str = "threads", workers: int | None = None, any_processor: bool = False
) -> StepExecutor:
    """Return what performs the steps of a run.

    Parameters
    ----------
    pool : the run's threads.
    kind : as ``--executor`` has it.
    workers : how many worker processes. None: one a processor.
    any_processor : whether workers may have other kinds of processors than this machine.

    Raises
    ------
    ConfigError : if there is no such kind.
    """
    check_executor(kind)
    if kind == "threads":
        return ThreadExecutor(pool)
    if kind == "processes":
        from reviewflow.pipeline.process_executor import ProcessExecutor

        return ProcessExecutor(workers or processors(), any_processor)
    from reviewflow.pipeline.dask_executor import DaskExecutor

    return DaskExecutor(None if kind == "dask" else kind, workers or processors(), any_processor)


def check_executor(kind: str) -> None:
    """Raise ConfigError if a kind of executor is unknown or not installed."""
    if kind not in KINDS and not re.fullmatch(SCHEDULER, kind):
        shown = "with a user" if "@" in kind else repr(kind)  # it may hold a password
        kinds = ", ".join(KINDS)
        raise ConfigError(f"--executor {shown} is none of {kinds} and tcp://HOST:PORT.")
    if kind not in KINDS[:2] and find_spec("distributed") is None:
        raise ConfigError(
            f"--executor {kind} needs Dask; install it: pip install 'reviewflow[dask]'."
        )
