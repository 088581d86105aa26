"""Vectorize: tokens are counted, the vocabulary chosen, and features written."""

from typing import Any

from prefect.client.schemas import State

from reviewflow.run import Run, Work
from tasks.stage import performed, stage_task, work_name


@stage_task(name="vectorize", task_run_name=work_name)
def vectorize(run: Run, work: Work) -> State[Any]:
    """Turn tokens into sparse TF-IDF features."""
    return performed(run, work)
