"""Mark dead runs as crashed in Prefect.

Else Prefect would show and count them as going. A run that ends by itself reports that to Prefect.
One whose process and worker were killed cannot, and would hold its deployment's only place. Its
record's lock, freed by the kernel, shows its end.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Completed, Crashed, Failed

from flows.prefect_server.cancelling import NOT_BEGUN, STOPPED_SOON
from reviewflow.errors import ReviewflowError
from reviewflow.runs.history import RunRecord, run_record, run_records
from tasks.notify import going_tasks, post_crash_alert

GONE = "The process of this run is gone; the next run goes on from its artifacts."
GOING = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


class Reaper:
    """Finds the crashed runs that Prefect believes to be going.

    Parameters
    ----------
    runs : the folder of the runs.
    """

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self._settled: set[str] = set()
        self._suspected: set[str] = set()
        self._gone: set[UUID] = set()
        self._told: set[UUID] = set()

    def mark_zombies(self) -> list[str]:
        """Mark runs that have crashed, and return their ids.

        Whoever killed or watched a process may be about to report its end to Prefect himself, so a
        run is marked by the second call that finds it crashed.
        """
        marked = []
        for folder in sorted(self.runs.glob("[0-9]*")):
            if folder.name in self._settled or (run := run_record(folder)).state == "running":
                continue
            if run.state == "crashed" and run.run_id not in self._suspected:
                self._suspected.add(run.run_id)
                continue
            identity = run.content.get("flow_run_id")
            if run.state == "crashed" and isinstance(identity, str) and _mark(UUID(identity), run):
                marked.append(run.run_id)
            self._settled.add(run.run_id)  # only now, since Prefect may be unable to write it
        return marked

    def mark_gone(self, flow_runs: set[UUID]) -> None:
        """Set the end of flow runs that could not report it themselves.

        Their disk was full, say.

        Parameters
        ----------
        flow_runs : those whose processes are gone; one that is not given any more has begun again.
        """
        self._told &= flow_runs
        for identity in (flow_runs & self._gone) - self._told:
            records = {run.content.get("flow_run_id"): run for run in run_records(self.runs)[::-1]}
            run = records.get(str(identity))
            if run is None or run.state != "running":
                _mark(identity, run)
                self._told.add(identity)
        self._gone = set(flow_runs)


def mark_all_ended(runs: Path, pool: str) -> None:
    """Set the true state of every ended run of a pool.

    Prefect may believe some of them to be going.

    To be called while the pool has no worker: what is going then holds its record's lock.
    """
    going = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=GOING)),
    )
    ours = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    with get_client(sync_client=True) as client:
        flow_runs = client.read_flow_runs(flow_run_filter=going, work_pool_filter=ours)
    if flow_runs:
        records = {run.content.get("flow_run_id"): run for run in run_records(runs)}
        for flow_run in flow_runs:
            run = records.get(str(flow_run.id))
            if run is None or run.state != "running":
                _mark(flow_run.id, run)


def _mark(identity: UUID, run: RunRecord | None) -> bool:
    """Set how a flow run ended, and return whether that is news.

    One that is to be cancelled did not crash, whoever ended its process.
    """
    state = _ended_state(run)
    with get_client(sync_client=True) as client:
        try:
            flow_run = client.read_flow_run(identity)
        except ObjectNotFound:
            return False
        if flow_run.state is None or flow_run.state.type not in GOING:
            return False
        if flow_run.state.is_cancelling() and state.is_crashed():
            state = Cancelled(message=NOT_BEGUN if run is None else STOPPED_SOON)
        where = going_tasks(client, identity) if state.is_crashed() else ""
        client.set_flow_run_state(identity, state, force=True)
    if state.is_crashed():
        with suppress(ReviewflowError):
            job = str(run.content.get("job")) if run else "run"
            post_crash_alert(job, flow_run.name, GONE, run, where)
    return True


def _ended_state(run: RunRecord | None) -> State[Any]:
    """Return Prefect's state for the end that a record has."""
    error = None if run is None else str(run.content.get("error"))
    match run.state if run else None:
        case "completed":
            return Completed()
        case "failed":
            return Failed(message=error)
        case "cancelled":
            return Cancelled(message=error)
    return Crashed(message=GONE)
