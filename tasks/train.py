"""Train one variant and seed, with a live progress artifact."""

import time
from typing import Any
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.schemas import State
from prefect.logging import get_run_logger

from reviewflow.context import Progress
from reviewflow.evaluation.selection import read_history
from reviewflow.networks.loss_lines import loss_lines
from reviewflow.pipeline.runner import Run, TaskGroup
from tasks.stage import perform_group, stage_task

UPDATE_SECONDS = 1.0  # an update is a request of 20 to 30 ms


@stage_task("train")
def train(run: Run, group: TaskGroup) -> State[Any]:
    """Train one variant, and log its losses as the write-up prints them."""
    state = perform_group(run, group, progress_artifact(group.title))
    if not state.is_completed():
        return state
    history = read_history(run.artifacts[group.nodes[0].steps[0]].folder)
    get_run_logger().info("\n".join(loss_lines(history)))
    return state


def progress_artifact(label: str) -> Progress:
    """Return a listener that shows a training's loss in the Prefect UI."""
    sent: dict[str, Any] = {"id": None, "at": 0.0}

    def show(message: str, figures: dict[str, float]) -> None:
        total, done = figures.get("total"), figures.get("done")
        if not total or done is None:
            return
        now = time.monotonic()
        if done < total and now - sent["at"] < UPDATE_SECONDS:
            return
        sent["at"] = now
        percent, text = 100 * done / total, f"{label}: loss {figures.get('loss', float('nan')):.3f}"
        if sent["id"] is None:
            sent["id"] = create_progress_artifact(progress=percent, description=text)
        else:
            update_progress_artifact(UUID(str(sent["id"])), progress=percent, description=text)

    return show
