"""Runs whose process is gone: Prefect is told, so that it neither shows nor counts them as going.

A run that ends by itself tells Prefect. One whose process and worker were killed cannot, and would
hold its deployment's only place. Its record's lock, freed by the kernel, says that it is gone.
"""

from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from reviewflow.history import past_run


def mark_crashed(runs: Path, known: set[str]) -> list[str]:
    """Tell Prefect of every crashed run that it believes to be going; gives their ids.

    Parameters
    ----------
    runs : the folder of the runs.
    known : ids of runs that need no second look; those that have ended are added.
    """
    marked = []
    for folder in sorted(runs.glob("[0-9]*")):
        if folder.name in known or (run := past_run(folder)).state == "running":
            continue
        known.add(run.run_id)
        identity = run.content.get("flow_run_id")
        if run.state == "crashed" and isinstance(identity, str) and _mark(UUID(identity)):
            marked.append(run.run_id)
    return marked


def _mark(identity: UUID) -> bool:
    """Whether Prefect believed the flow run to be going, and now knows better."""
    gone = Crashed(
        message="The process of this run is gone; the next run goes on from its artifacts."
    )
    with get_client(sync_client=True) as client:
        try:
            state = client.read_flow_run(identity).state
        except ObjectNotFound:
            return False
        if state is None or state.is_final():
            return False
        client.set_flow_run_state(identity, gone, force=True)
        return True
