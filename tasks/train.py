"""Train: one task a variant and seed, with a live progress artifact."""

import time
from typing import Any
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.schemas import State

from reviewflow.context import Progress
from reviewflow.run import Run, Work
from tasks.stage import performed, stage_task, work_name

UPDATE_SECONDS = 1.0  # an update is a request of 20 to 30 ms


@stage_task(name="train", task_run_name=work_name)
def train(run: Run, work: Work) -> State[Any]:
    """Train one variant."""
    return performed(run, work, progress_artifact(work.label))


def progress_artifact(label: str) -> Progress:
    """A listener that shows the training's progress and loss in the Prefect UI."""
    shown: dict[str, Any] = {"id": None, "at": 0.0}

    def show(message: str, figures: dict[str, float]) -> None:
        total, done = figures.get("steps"), figures.get("step")
        if not total or done is None:
            return
        now = time.monotonic()
        if done < total and now - shown["at"] < UPDATE_SECONDS:
            return
        shown["at"] = now
        percent, text = 100 * done / total, f"{label}: loss {figures.get('loss', float('nan')):.3f}"
        if shown["id"] is None:
            shown["id"] = create_progress_artifact(progress=percent, description=text)
        else:
            update_progress_artifact(UUID(str(shown["id"])), progress=percent, description=text)

    return show
