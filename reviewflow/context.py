"""Provide a stage with an executor, a progress callback and a stop."""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

from reviewflow.errors import Cancelled

Progress = Callable[[str, dict[str, float]], None]


def silent(message: str, figures: dict[str, float]) -> None:
    """Ignore a report of progress."""


@dataclass(frozen=True)
class Context:
    """Runtime services for one step.

    None of them may change what the step writes.

    Attributes
    ----------
    progress : called as ``progress(message, figures)``, where `figures` are numbers by name
        (``{"done": 3, "total": 20, "loss": 0.41}``). Calls are cheap and may be dropped.
    stop : set to end the work; a stage checks it at least every half second.
    executor : runs independent pieces of one stage in parallel.
    """

    progress: Progress = silent
    stop: Event = field(default_factory=Event)
    executor: Executor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def check_stop(self) -> None:
        """Raise `Cancelled` if the run was asked to stop."""
        if self.stop.is_set():
            raise Cancelled("The run was stopped before this step was done; run it again to go on.")
