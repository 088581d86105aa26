"""The two moons: one task for every stage; a training's losses go to the log as lines."""

from typing import Any

from prefect.client.schemas import State
from prefect.logging import get_run_logger

from reviewflow.moons.training import LINES_FILE
from reviewflow.pipeline.runner import Run, TaskGroup
from tasks.stage import group_name, performed, stage_task
from tasks.train import progress_artifact


@stage_task(name="moons", task_run_name=group_name)
def moons_stage(run: Run, group: TaskGroup) -> State[Any]:
    """Make or find one stage of the two moons."""
    return performed(run, group)


@stage_task(name="train moons", task_run_name=group_name)
def train_moons(run: Run, group: TaskGroup) -> State[Any]:
    """Train one version; prints a line an epoch, also where the training was cached."""
    state = performed(run, group, progress_artifact(group.label))
    if state.is_cancelled():
        return state
    lines = run.artifacts[group.nodes[0].steps[0]].folder / LINES_FILE
    text = lines.read_text(encoding="utf-8")
    get_run_logger().info(text)
    run.listener.show(group.label, text)
    return state
