"""Train a version of the two moons' network, with live progress."""

from typing import Any

from prefect.client.schemas import State
from prefect.logging import get_run_logger

from reviewflow.moons.training import LINES_FILE
from reviewflow.pipeline.runner import Run, TaskGroup
from tasks.stage import perform_group, stage_task
from tasks.train import show_training


@stage_task("train moons")
def train_moons(run: Run, group: TaskGroup) -> State[Any]:
    """Train one version, and print a line an epoch.

    A cached training prints them too, and leaves Prefect's log alone.
    """
    state = perform_group(run, group, show_training(group.title))
    if not state.is_completed():
        return state
    lines = run.artifacts[group.nodes[0].steps[0]].folder / LINES_FILE
    text = lines.read_text(encoding="utf-8")
    if state.name == "Completed":
        get_run_logger().info("Losses:\n%s", text)
    run.listener.show(group.title, text)
    return state
