"""Normalize: texts become lists of tokens."""

from typing import Any

from prefect.client.schemas import State

from reviewflow.pipeline.runner import Run, TaskGroup
from tasks.stage import group_name, performed, stage_task


@stage_task(name="normalize", task_run_name=group_name)
def normalize(run: Run, group: TaskGroup) -> State[Any]:
    """Clean, tokenise and lemmatise the texts, part by part."""
    return performed(run, group)
