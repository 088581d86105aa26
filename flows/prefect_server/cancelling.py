"""End cancelled runs in Prefect that have not ended themselves.

A run ends itself within a second or two of the request, as a rule. One that is being started does
not: Prefect leaves it ``Cancelling`` for five minutes, and it holds its deployment's place. One on
a busy machine may have to finish a piece of its work first.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import psutil
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelled

STOPPED_SOON = "The run was stopped; what was finished is kept, and a piece of work may still end."
NOT_BEGUN = "The run was stopped before it began."
PATIENCE = 15  # calls until a run without a process here is ended: nobody starts it any more
Processes = Callable[[UUID], Sequence[psutil.Process]]


class CancellingRuns:
    """Finds the runs of a work pool that are to be cancelled.

    Parameters
    ----------
    pool : the name of the work pool.
    """

    def __init__(self, pool: str) -> None:
        self._pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
        self._calls: Counter[UUID] = Counter()

    def end(self, processes_of: Processes) -> None:
        """End the runs that were cancelling at the call before as well.

        A server that is too busy is asked again at the next call.

        Parameters
        ----------
        processes_of : gives the processes on this machine that start or perform a flow run.
        """
        # an error of Prefect or its HTTP client must not end the UI
        with suppress(Exception), get_client(sync_client=True) as client:
            found = self._cancelling(client)
            self._calls = Counter({run.id: self._calls[run.id] + 1 for run in found})
            for run in found:
                if self._calls[run.id] > 1:
                    self._end(client, run, processes_of(run.id))

    def _cancelling(self, client: Any) -> list[FlowRun]:
        state = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLING]))
        found: list[FlowRun] = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=state), work_pool_filter=self._pool
        )
        return found

    def _end(self, client: Any, run: FlowRun, processes: Sequence[psutil.Process]) -> None:
        """End a run. Of one that has not begun, kill what would begin it.

        Prefect lets a cancelled run begin. So the processes are held before the state is set, and
        killed after it, since they would be reported as crashed.
        """
        if run.start_time is not None:
            client.set_flow_run_state(run.id, Cancelled(message=STOPPED_SOON))
        elif processes or self._calls[run.id] > PATIENCE:
            for process in processes:
                with suppress(psutil.Error):
                    process.suspend()
            client.set_flow_run_state(run.id, Cancelled(message=NOT_BEGUN))
            for process in processes:
                with suppress(psutil.Error):
                    process.kill()
