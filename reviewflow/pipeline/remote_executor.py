"""Perform steps in worker processes, of this machine or of others.

A worker gets a step only if the run has not found its artifact, so an unchanged run starts none.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock

from reviewflow.context import Context, Progress
from reviewflow.errors import WorkerLost
from reviewflow.pipeline.executors import Request, StepExecutor
from reviewflow.pipeline.messages import pack, unpack
from reviewflow.pipeline.perform import Performed
from reviewflow.pipeline.resolved import ResolvedStep
from reviewflow.store.artifacts import Store

AHEAD = 256  # steps that are sent before the first of them is done
STOP_SECONDS = 0.1  # between two looks at whether the run was stopped

Report = tuple[str, dict[str, float]]  # the arguments of a call of Context.progress


@dataclass(frozen=True)
class SentStep:
    """A step that is with a worker, or on its way.

    Attributes
    ----------
    reports : its progress.
    """

    step: ResolvedStep
    message: bytes
    reply: Future[bytes]
    reports: SimpleQueue[Report]


class RemoteExecutor(StepExecutor):
    """Performs steps in processes that share only the store with this one.

    A step whose worker ended is tried once more, when no other is tried again. So a step that ends
    its worker fails by its own name, and others that were with it there are done.

    Parameters
    ----------
    any_processor : whether workers may have other kinds of processors than this machine.
    """

    def __init__(self, any_processor: bool) -> None:
        self.any_processor = any_processor
        self._again = Lock()

    @abstractmethod
    def submit(self, name: str, message: bytes, progress: Progress) -> Future[bytes]:
        """Give a step to a worker.

        The future raises WorkerLost if that worker ends.
        """

    @abstractmethod
    def stop(self) -> None:
        """Ask the workers to end what they do for this run. Return at once."""

    def perform_all(
        self, requests: Sequence[Request], store: Store, context: Context
    ) -> Iterator[Performed]:
        """Yield what became of each step, in the order of the requests."""
        context.check_stop()
        sent: deque[SentStep] = deque()
        try:
            for request in requests:
                message = pack(request, store, self.any_processor)
                sent.append(self._send(request.step, message))
                if len(sent) == AHEAD:
                    yield self._receive(sent.popleft(), store, context)
            while sent:
                yield self._receive(sent.popleft(), store, context)
        finally:
            for each in sent:
                each.reply.cancel()

    def _send(self, step: ResolvedStep, message: bytes) -> SentStep:
        reports: SimpleQueue[Report] = SimpleQueue()

        def report(text: str, figures: dict[str, float]) -> None:
            reports.put((text, figures))

        return SentStep(step, message, self.submit(step.name, message, report), reports)

    def _receive(self, sent: SentStep, store: Store, context: Context) -> Performed:
        """Return what became of a step, which is tried twice if its worker ends."""
        try:
            reply = self._wait(sent, context)
        except WorkerLost:
            with self._again:
                reply = self._wait(self._send(sent.step, sent.message), context)
        return unpack(reply, sent.step, store)

    def _wait(self, sent: SentStep, context: Context) -> bytes:
        """Return a reply, handing on the progress until it comes.

        Raises
        ------
        Cancelled : if the run is stopped before it comes.
        """
        while not sent.reply.done():
            wait([sent.reply], STOP_SECONDS)
            while not sent.reports.empty():  # here, since Prefect asks which task's thread it is
                context.progress(*sent.reports.get())
            if context.stop.is_set():
                self.stop()
                context.check_stop()
        return sent.reply.result()
