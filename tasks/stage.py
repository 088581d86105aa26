"""What all tasks share: perform a piece of group, and show it as cached where nothing ran."""

import functools
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State
from prefect.states import Cancelled as CancelledState
from prefect.states import Completed

from reviewflow.context import Progress, silent
from reviewflow.errors import Cancelled
from reviewflow.pipeline.runner import Run, TaskGroup

# the store is the only cache: Prefect's own would trust results whose files are gone
stage_task = functools.partial(task, cache_policy=NO_CACHE, persist_result=False)


def performed(run: Run, group: TaskGroup, progress: Progress = silent) -> State[Any]:
    """Perform a piece of group; the state is named ``Cached`` where every artifact was there."""
    try:
        outcomes = run.perform(group, progress)
    except Cancelled as stopped:
        return CancelledState(message=str(stopped))
    ran = [outcome for outcome in outcomes if outcome.state == "ran"]
    if not ran:
        keys = ", ".join(dict.fromkeys(f"{o.stage}/{(o.key or '')[:8]}" for o in outcomes[:4]))
        return Completed(name="Cached", message=f"found whole: {keys}")
    return Completed(message=f"{len(ran)} of {len(outcomes)} steps ran: {ran[0].reason}")


def group_name(parameters: dict[str, Any]) -> str:
    """``normalize · 1 of 3 parts``: the group's label and how much of it will run."""
    run, group = parameters["run"], parameters["group"]
    steps = [step for node in group.nodes[:1] for step in node.steps]
    if len(steps) == 1:
        return str(group.label)
    running = sum(run.planner.plan_step(step).action != "cached" for step in steps)
    return f"{group.label} · {running} of {len(steps)} parts"
