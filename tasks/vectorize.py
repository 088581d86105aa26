"""Vectorize: tokens are counted, the vocabulary chosen, and features written."""

from typing import Any

from prefect.client.schemas import State

from reviewflow.pipeline.runner import Run, TaskGroup
from tasks.stage import group_name, performed, stage_task


@stage_task(name="vectorize", task_run_name=group_name)
def vectorize(run: Run, group: TaskGroup) -> State[Any]:
    """Turn tokens into sparse TF-IDF features."""
    return performed(run, group)
