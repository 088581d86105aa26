"""What all tasks share: perform a piece of work, and show it as cached where nothing ran."""

import functools
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State
from prefect.states import Cancelled as CancelledState
from prefect.states import Completed

from reviewflow.context import Progress, silent
from reviewflow.errors import Cancelled
from reviewflow.run import Run, Work

# the store is the only cache: Prefect's own would trust results whose files are gone
stage_task = functools.partial(task, cache_policy=NO_CACHE, persist_result=False)


def performed(run: Run, work: Work, progress: Progress = silent) -> State[Any]:
    """Perform a piece of work; the state is named ``Cached`` where every artifact was there."""
    try:
        outcomes = run.perform(work, progress)
    except Cancelled as stopped:
        return CancelledState(message=str(stopped))
    ran = [outcome for outcome in outcomes if outcome.state == "ran"]
    if not ran:
        keys = ", ".join(dict.fromkeys(f"{o.stage}/{(o.key or '')[:8]}" for o in outcomes[:4]))
        return Completed(name="Cached", message=f"found whole: {keys}")
    return Completed(message=f"{len(ran)} of {len(outcomes)} steps ran: {ran[0].reason}")


def work_name(parameters: dict[str, Any]) -> str:
    """``normalize · 1 of 3 parts``: the work's label and how much of it will run."""
    run, work = parameters["run"], parameters["work"]
    steps = [step for line in work.lines[:1] for step in line.steps]
    if len(steps) == 1:
        return str(work.label)
    running = sum(run.ledger.decide(step).action != "cached" for step in steps)
    return f"{work.label} · {running} of {len(steps)} parts"
