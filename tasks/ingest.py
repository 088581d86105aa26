"""Ingest: the reviews' file becomes parts of rows, each with its train/test split."""

from typing import Any

from prefect.client.schemas import State

from reviewflow.pipeline.runner import Run, TaskGroup
from tasks.stage import group_name, performed, stage_task


@stage_task(name="ingest", task_run_name=group_name)
def ingest(run: Run, group: TaskGroup) -> State[Any]:
    """Read the reviews and cut them into parts."""
    return performed(run, group)
