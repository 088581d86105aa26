"""Show a stage in Prefect: perform its task group, and name the state ``Cached`` if nothing ran."""

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

SHOWN_KEYS = 4


def perform_group(run: Run, group: TaskGroup, progress: Progress = silent) -> State[Any]:
    """Perform a task group, and return its state. It is ``Cached`` if every artifact was there."""
    try:
        outcomes = run.perform(group, progress)
    except Cancelled as stopped:
        return CancelledState(message=str(stopped))
    ran = [outcome for outcome in outcomes if outcome.state == "ran"]
    if ran:
        return Completed(message=f"{len(ran)} of {len(outcomes)} steps ran: {ran[0].reason}")
    keys = dict.fromkeys(f"{o.stage}/{(o.key or '')[:8]}" for o in outcomes[:SHOWN_KEYS])
    return Completed(name="Cached", message=f"found whole: {', '.join(keys)}")


def task_run_name(parameters: dict[str, Any]) -> str:
    """Return ``normalize · 1 of 3 parts``: the group's title and how much of it will run."""
    run, group = parameters["run"], parameters["group"]
    steps = group.nodes[0].steps
    if len(steps) == 1:
        return str(group.title)
    running = sum(run.planner.plan_step(step).action != "cached" for step in steps)
    return f"{group.title} · {running} of {len(steps)} parts"


# the store is the only cache: Prefect's own would trust results whose files are gone
stage_task = functools.partial(
    task, task_run_name=task_run_name, cache_policy=NO_CACHE, persist_result=False
)


@stage_task(name="stage")
def perform_stage(run: Run, group: TaskGroup) -> State[Any]:
    """Perform a stage that shows nothing but its state."""
    return perform_group(run, group)


ingest = perform_stage.with_options(name="ingest", description="Write the rows of each part.")
normalize = perform_stage.with_options(
    name="normalize", description="Clean, tokenise and lemmatise the texts of each part."
)
vectorize = perform_stage.with_options(
    name="vectorize", description="Turn tokens into sparse TF-IDF features."
)
evaluate = perform_stage.with_options(
    name="evaluate", description="Score a trained variant on training and test rows."
)
moons_stage = perform_stage.with_options(
    name="moons", description="Make or find one stage of the two moons."
)
