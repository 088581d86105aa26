"""Normalize: texts become lists of tokens."""

from typing import Any

from prefect.client.schemas import State

from reviewflow.run import Run, Work
from tasks.stage import performed, stage_task, work_name


@stage_task(name="normalize", task_run_name=work_name)
def normalize(run: Run, work: Work) -> State[Any]:
    """Clean, tokenise and lemmatise the texts, part by part."""
    return performed(run, work)
