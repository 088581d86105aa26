"""Say in the log of a run why it waits.

Prefect shows a run that waits for another one of its deployment as ``AwaitingConcurrencySlot``, and
does not say for which.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
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
from tasks.environment import SHOWN_AT

LOGGER = "reviewflow"
INFO = 20  # as in logging
TAG = "config:"  # begins the tag of a run that names its configuration


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
                        ui = os.environ.get(SHOWN_AT) or str(client.api_url)
                        client.create_logs([log_line(run, _going(client, run), ui)])
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


def log_line(run: FlowRun, going: list[FlowRun], ui: str) -> LogCreate:
    """Return the line for a run that waits for others.

    Parameters
    ----------
    ui : address of Prefect's UI or its API.
    """
    names = " and ".join(_reference(each, ui) for each in going) or "another run"
    return LogCreate(
        name=LOGGER,
        level=INFO,
        message=f"Waits for the end of {names}: this deployment has one run at a time.",
        timestamp=datetime.now(UTC),
        flow_run_id=run.id,
    )


def _reference(run: FlowRun, ui: str) -> str:
    """Return how a person finds a run.

    Its name is not enough, since it changes a few seconds after the start.
    """
    address = f"{ui.rstrip('/').removesuffix('/api')}/runs/flow-run/{run.id}"
    tagged = [tag.removeprefix(TAG) for tag in run.tags if tag.startswith(TAG)]
    file = run.parameters.get("config")
    given = tagged or ([Path(file).stem] if isinstance(file, str) and file else [])
    configuration = f"configuration {given[0]}, " if given else ""
    return f"“{run.name}” ({configuration}{address})"
