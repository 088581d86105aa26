"""Evaluate: predictions and metrics of one trained variant."""

from typing import Any

from prefect.client.schemas import State

from reviewflow.run import Run, Work
from tasks.stage import performed, stage_task, work_name


@stage_task(name="evaluate", task_run_name=work_name)
def evaluate(run: Run, work: Work) -> State[Any]:
    """Score one trained variant on training and test rows."""
    return performed(run, work)
