"""What all flows share: every stage of the job has a task."""

import pytest

from flows import moons, sentiment
from flows.base import check_tasks
from reviewflow.errors import ReviewflowError
from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.sentiment import SENTIMENT


def test_the_flows_submit_every_stage_of_their_jobs() -> None:
    check_tasks(SENTIMENT, sentiment.TASKS)
    check_tasks(MOONS, moons.TASKS)


@pytest.mark.parametrize("name", SENTIMENT.groups)
def test_a_stage_without_a_task_is_an_error(name: str) -> None:
    tasks = {group: task for group, task in sentiment.TASKS.items() if group != name}
    with pytest.raises(ReviewflowError, match=f"submits no task for {name}"):
        check_tasks(SENTIMENT, tasks)


def test_a_task_without_a_stage_is_an_error() -> None:
    tasks = {**sentiment.TASKS, "vectorise": sentiment.TASKS["vectorize"]}
    with pytest.raises(ReviewflowError, match="a task for vectorise, which the job lacks"):
        check_tasks(SENTIMENT, tasks)
