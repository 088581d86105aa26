"""What a stage is provided with when nobody says otherwise, and how it is stopped."""

import pytest

from reviewflow.context import Context
from reviewflow.errors import Cancelled


def test_a_stage_goes_on_until_it_is_stopped() -> None:
    context = Context()
    context.check_stop()
    context.stop.set()
    with pytest.raises(Cancelled, match="run it again to go on"):
        context.check_stop()


def test_progress_may_be_reported_to_nobody() -> None:
    Context().progress("epoch", {"done": 1, "total": 2})


def test_each_context_has_its_own_stop_and_executor() -> None:
    one, other = Context(), Context()
    one.stop.set()
    assert not other.stop.is_set()
    assert one.executor.submit(sum, (1, 2)).result() == 3
