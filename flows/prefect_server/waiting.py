"""Say in the log of a run why it waits.

Prefect shows a run that waits for another one of its deployment as ``AwaitingConcurrencySlot``, and
does not say for which.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import LogCreate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun
from prefect.states import AwaitingConcurrencySlot

from flows.prefect_server.reaper import GOING

LOGGER = "reviewflow"
INFO = 20  # as in logging


class WaitingRuns:
    """Finds the runs of a work pool that wait for another of their deployment.

    Parameters
    ----------
    pool : the name of the work pool.
    """

    def __init__(self, pool: str) -> None:
        self._pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
        self._known: set[UUID] = set()

    def explain(self) -> None:
        """Write into the log of each run that has begun to wait what it waits for.

        A server that is too busy is asked again at the next call.
        """
        try:
            with get_client(sync_client=True) as client:
                for run in self._waiting(client):
                    if run.id not in self._known:
                        client.create_logs([_log_line(run, _going(client, run))])
                        self._known.add(run.id)
        except Exception:  # of Prefect or its HTTP client; a line less must not end the UI
            return

    def _waiting(self, client: Any) -> list[FlowRun]:
        names = FlowRunFilterStateName(any_=[AwaitingConcurrencySlot().name])
        waiting = FlowRunFilter(state=FlowRunFilterState(name=names))
        found: list[FlowRun] = client.read_flow_runs(
            flow_run_filter=waiting, work_pool_filter=self._pool
        )
        return found


def _going(client: Any, run: FlowRun) -> list[FlowRun]:
    """Return the runs of the same deployment that are going."""
    going = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=GOING)))
    same = DeploymentFilter(id=DeploymentFilterId(any_=[run.deployment_id]))
    found: list[FlowRun] = client.read_flow_runs(flow_run_filter=going, deployment_filter=same)
    return found


def _log_line(run: FlowRun, going: list[FlowRun]) -> LogCreate:
    names = " and ".join(f"“{each.name}”" for each in going) or "another run"
    return LogCreate(
        name=LOGGER,
        level=INFO,
        message=f"Waits for the end of {names}: this deployment has one run at a time.",
        timestamp=datetime.now(UTC),
        flow_run_id=run.id,
    )
