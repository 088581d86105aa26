"""Evaluate: predictions and metrics of one trained variant."""

from typing import Any

from prefect.client.schemas import State

from reviewflow.pipeline.runner import Run, TaskGroup
from tasks.stage import group_name, performed, stage_task


@stage_task(name="evaluate", task_run_name=group_name)
def evaluate(run: Run, group: TaskGroup) -> State[Any]:
    """Score one trained variant on training and test rows."""
    return performed(run, group)
