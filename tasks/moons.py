"""The two moons: one task for every stage; a training's losses go to the log as lines."""

from typing import Any

from prefect.client.schemas import State
from prefect.logging import get_run_logger

from reviewflow.moons.training import LINES_FILE
from reviewflow.run import Run, Work
from tasks.stage import performed, stage_task, work_name
from tasks.train import progress_artifact


@stage_task(name="moons", task_run_name=work_name)
def moons_stage(run: Run, work: Work) -> State[Any]:
    """Make or find one stage of the two moons."""
    return performed(run, work)


@stage_task(name="train moons", task_run_name=work_name)
def train_moons(run: Run, work: Work) -> State[Any]:
    """Train one version; prints a line an epoch, also where the training was cached."""
    state = performed(run, work, progress_artifact(work.label))
    if state.is_cancelled():
        return state
    lines = run.artifacts[work.lines[0].steps[0]].folder / LINES_FILE
    text = lines.read_text(encoding="utf-8")
    get_run_logger().info(text)
    run.listener.show(work.label, text)
    return state
