"""A future that counts as completed once its task has ended."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Cancelled, Completed, Failed, Running

from tasks.ended_future import EndedFuture


class StandIn(PrefectFuture[Any]):
    """A future whose state is known."""

    def __init__(self, state: State[Any]) -> None:
        self.known, self.waited, self.called = state, False, False
        self.identity = uuid4()

    @property
    def task_run_id(self) -> UUID:
        """An id."""
        return self.identity

    @property
    def state(self) -> State[Any]:
        """The known state."""
        return self.known

    def wait(self, timeout: float | None = None) -> None:
        """Note that somebody waited."""
        self.waited = True

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> Any:
        """Return something."""
        return 7

    def add_done_callback(self, fn: Any) -> None:
        """Note that somebody wants to hear of the end."""
        self.called = True


@pytest.mark.parametrize("state", [Completed(), Failed(), Cancelled(name="Skipped")])
def test_an_end_of_any_kind_counts_as_completed(state: State[Any]) -> None:
    future = EndedFuture(StandIn(state))
    assert future.state.is_completed()
    assert (future.state.name, future.state.id) == (state.name, state.id)


def test_one_that_goes_on_does_not() -> None:
    assert not EndedFuture(StandIn(Running())).state.is_completed()


def test_everything_else_is_the_futures_own() -> None:
    own = StandIn(Failed())
    future = EndedFuture(own)
    future.wait()
    future.add_done_callback(print)
    assert (future.task_run_id, future.result()) == (own.task_run_id, 7)
    assert (own.waited, own.called) == (True, True)
