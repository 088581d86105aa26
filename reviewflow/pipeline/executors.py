"""Perform many steps in parallel.

Threads do it today. Another way is one more class.

steps ─▶ StepExecutor.perform_all ─▶ what became of each, in the order of the steps
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from reviewflow.context import Context
from reviewflow.pipeline.perform import Performed, perform_step
from reviewflow.pipeline.resolved import ResolvedStep
from reviewflow.store.artifacts import Store


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
    """Performs resolved steps."""

    @abstractmethod
    def perform_all(
        self, requests: Sequence[Request], store: Store, context: Context
    ) -> Iterator[Performed]:
        """Yield what became of each step, in the order of the requests."""


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


def make_executor(pool: Executor) -> StepExecutor:
    """Return what performs the steps of a run."""
    return ThreadExecutor(pool)
