"""What a stage is handed beside its inputs: threads, a way to tell its progress, a way to stop."""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

from reviewflow.errors import Cancelled

Progress = Callable[[str, dict[str, float]], None]


def silent(message: str, figures: dict[str, float]) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Context:
    """The surroundings of one step; nothing in it may change what the step writes.

    Attributes
    ----------
    progress : called as ``progress(message, figures)``; figures are plain numbers by name
        (``{"done": 3, "total": 20, "loss": 0.41}``). Calls are cheap to make and may be dropped.
    stop : set by whoever wants the work to end; looked at at least every half second.
    executor : runs independent pieces of one stage side by side.
    """

    progress: Progress = silent
    stop: Event = field(default_factory=Event)
    executor: Executor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def check_stop(self) -> None:
        """Raise :class:`Cancelled` if the run was asked to stop."""
        if self.stop.is_set():
            raise Cancelled("The run was stopped before this step was done; run it again to go on.")
