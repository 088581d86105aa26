"""Let a task begin once those before it have ended, however they ended."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import State, StateType
from prefect.futures import PrefectFuture


class EndedFuture(PrefectFuture[Any]):
    """A future to wait for that counts as completed once its task has ended.

    A task whose upstream failed never ends in Prefect: it stays ``NotReady``, and the graph of its
    flow run grows with the time since. A task that begins can say itself that it was skipped.
    """

    def __init__(self, future: PrefectFuture[Any]) -> None:
        self._future = future

    @property
    def task_run_id(self) -> UUID:
        """The id of the task run."""
        return self._future.task_run_id

    @property
    def state(self) -> State[Any]:
        """The state of the task run, as completed if it is final."""
        state = self._future.state
        if not state.is_final():
            return state
        return state.model_copy(update={"type": StateType.COMPLETED})

    def wait(self, timeout: float | None = None) -> None:
        """Wait for the end of the task run."""
        self._future.wait(timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> Any:
        """Return the result of the task run, or raise its error."""
        return self._future.result(timeout, raise_on_failure)

    def add_done_callback(self, fn: Callable[[PrefectFuture[Any]], None]) -> None:
        """Call a function once the task run has ended."""
        self._future.add_done_callback(fn)
