"""Show a stage in Prefect, with the state ``Cached`` if nothing ran."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State
from prefect.states import Cancelled as CancelledState
from prefect.states import Completed

from reviewflow.context import Progress, silent
from reviewflow.errors import Cancelled, ReviewflowError
from reviewflow.pipeline.runner import Run, TaskGroup
from tasks.failures import failed_state, failure_sentence, log_failure

SHOWN_KEYS = 4
SKIPPED = "Skipped"

if TYPE_CHECKING:
    from prefect.tasks import TaskRunNameCallbackWithParameters

StageFunction = Callable[[Run, TaskGroup], State[Any]]
StageTask = Task[[Run, TaskGroup], State[Any]]


def perform_group(run: Run, group: TaskGroup, progress: Progress = silent) -> State[Any]:
    """Perform a task group, and return its state.

    It is ``Cached`` if every artifact was there, and ``Skipped`` if a stage before it failed.
    """
    if not run.stop.is_set() and (missing := run.skip_after_failure(group)):
        why = f"It needs what {' and '.join(missing)} did not finish."
        return CancelledState(name=SKIPPED, message=why)
    try:
        outcomes = run.perform(group, progress)
    except Cancelled as stopped:
        return CancelledState(message=str(stopped))
    except ReviewflowError as error:
        return failed_state(error, failure_sentence(error, group.title))
    except Exception as error:
        log_failure(error)
        return failed_state(error, failure_sentence(error, group.title))
    ran = [outcome for outcome in outcomes if outcome.state == "ran"]
    if ran:
        return Completed(message=f"{len(ran)} of {len(outcomes)} steps ran: {ran[0].reason}")
    keys = dict.fromkeys(f"{o.stage}/{(o.key or '')[:8]}" for o in outcomes[:SHOWN_KEYS])
    return Completed(name="Cached", message=f"found whole: {', '.join(keys)}")


def task_run_name(parameters: dict[str, Any]) -> str:
    """Return ``normalize · 1 of 3 parts``: the title, and what will run."""
    run, group = parameters["run"], parameters["group"]
    steps = group.nodes[0].steps
    if len(steps) == 1:
        return str(group.title)
    running = sum(run.planner.plan_step(step).action != "cached" for step in steps)
    return f"{group.title} · {running} of {len(steps)} parts"


def stage_task(name: str) -> Callable[[StageFunction], StageTask]:
    """Return a decorator that makes a Prefect task of a stage's function.

    The store is the only cache. Prefect's own would trust results whose files are gone.
    """

    def decorate(function: StageFunction) -> StageTask:
        return Task(
            function,
            name=name,
            task_run_name=cast("TaskRunNameCallbackWithParameters", task_run_name),
            cache_policy=NO_CACHE,
            persist_result=False,
        )

    return decorate


@stage_task("ingest")
def ingest(run: Run, group: TaskGroup) -> State[Any]:
    """Write the rows of each part, and its split."""
    return perform_group(run, group)


@stage_task("normalize")
def normalize(run: Run, group: TaskGroup) -> State[Any]:
    """Clean, tokenise and lemmatise the texts of each part."""
    return perform_group(run, group)


@stage_task("vectorize")
def vectorize(run: Run, group: TaskGroup) -> State[Any]:
    """Turn tokens into sparse TF-IDF features."""
    return perform_group(run, group)


@stage_task("evaluate")
def evaluate(run: Run, group: TaskGroup) -> State[Any]:
    """Score a trained variant on training and test rows."""
    return perform_group(run, group)


@stage_task("publish")
def publish_bundle(run: Run, group: TaskGroup) -> State[Any]:
    """Write the best model as a bundle."""
    return perform_group(run, group)


@stage_task("learning curve")
def learning_curve(run: Run, group: TaskGroup) -> State[Any]:
    """Train a linear variant on shares of its rows."""
    return perform_group(run, group)


@stage_task("moons")
def moons_stage(run: Run, group: TaskGroup) -> State[Any]:
    """Make or find one stage of the two moons."""
    return perform_group(run, group)
