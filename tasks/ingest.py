"""Ingest: the reviews' file becomes parts of rows, each with its train/test split."""

from typing import Any

from prefect.client.schemas import State

from reviewflow.run import Run, Work
from tasks.stage import performed, stage_task, work_name


@stage_task(name="ingest", task_run_name=work_name)
def ingest(run: Run, work: Work) -> State[Any]:
    """Read the reviews and cut them into parts."""
    return performed(run, work)
