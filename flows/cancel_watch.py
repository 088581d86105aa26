"""End a run by hand that somebody cancels in Prefect's UI.

The worker hears of runs that are cancelled and ends its own. Nobody else tells a run by hand.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType

ASK_SECONDS = 2.0  # between two questions to Prefect, each of some milliseconds


@contextmanager
def ended_by_prefect(flow_run_id: str) -> Iterator[None]:
    """Send this process SIGTERM if a flow run is cancelled during the body."""
    ended, lock = Event(), Lock()
    arguments = (UUID(flow_run_id), ended, lock)
    Thread(target=_watch, args=arguments, name="cancel watch", daemon=True).start()
    try:
        yield
    finally:
        with lock:
            ended.set()


def _watch(flow_run_id: UUID, ended: Event, lock: Lock) -> None:
    """Ask for the state again and again.

    A server that is too busy to answer is asked again.
    """
    if ended.wait(ASK_SECONDS):  # a short run makes no client for it
        return
    with get_client(sync_client=True) as client:
        while not ended.is_set():
            with suppress(Exception):
                state = client.read_flow_run(flow_run_id).state
                if state is not None and state.type == StateType.CANCELLING:
                    with lock:
                        if not ended.is_set():
                            os.kill(os.getpid(), signal.SIGTERM)
                    return
            ended.wait(ASK_SECONDS)
