"""Train one variant and seed, and show its losses while it trains."""

import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.schemas import State
from prefect.logging import get_run_logger

from reviewflow.context import Progress
from reviewflow.evaluation.selection import read_history
from reviewflow.networks.loss_lines import loss_lines
from reviewflow.pipeline.runner import Run, TaskGroup
from tasks.shown_run import description
from tasks.stage import perform_group, stage_task

UPDATE_SECONDS = 1.0  # an update is a request of 20 to 30 ms
LINE_SECONDS = 5.0  # between two lines of the log
LINE_SHARE = 0.05  # of the time so far, so an hour of training has about a hundred lines
MOST_LINES = 200  # of a training that has ended; Prefect refuses a megabyte


@stage_task("train")
def train(run: Run, group: TaskGroup) -> State[Any]:
    """Train one variant, and log its losses as the write-up prints them."""
    state = perform_group(run, group, show_training(group.title))
    if state.name != "Completed":
        return state
    history = read_history(run.artifacts[group.nodes[0].steps[0]].folder)
    get_run_logger().info("Losses, as [epoch, step]:\n%s", "\n".join(some_of(loss_lines(history))))
    return state


def some_of(lines: list[str]) -> list[str]:
    """Return at most `MOST_LINES` lines, evenly chosen and with the last."""
    step = -(-len(lines) // MOST_LINES) or 1
    return lines[::-step][::-1]


def show_training(title: str) -> Progress:
    """Return a listener that shows a training in the Prefect UI.

    It may be called from another thread.
    """
    context = copy_context()  # else Prefect would not know whose artifact it is
    artifact, log = progress_artifact(title), progress_log(get_run_logger().info)

    def show(message: str, figures: dict[str, float]) -> None:
        if figures.get("total"):
            log(message, figures)
            context.run(artifact, message, figures)

    return show


def progress_artifact(title: str) -> Progress:
    """Return a listener that shows a training's loss as a bar."""
    sent: dict[str, Any] = {"id": None, "at": 0.0}

    def show(message: str, figures: dict[str, float]) -> None:
        total, done = figures["total"], figures["done"]
        now = time.monotonic()
        if done < total and now - sent["at"] < UPDATE_SECONDS:
            return
        sent["at"] = now
        percent, loss = 100 * done / total, figures.get("loss", float("nan"))
        text = description(f"{title}: loss {loss:.3f}")
        if sent["id"] is None:
            sent["id"] = create_progress_artifact(progress=percent, description=text)
        else:
            update_progress_artifact(UUID(str(sent["id"])), progress=percent, description=text)

    return show


def progress_log(write: Callable[[str], None]) -> Progress:
    """Return a listener that logs a line now and then.

    The first comes `LINE_SECONDS` after the first step, so a short training has none.
    """
    began = last = 0.0

    def show(message: str, figures: dict[str, float]) -> None:
        nonlocal began, last
        now = time.monotonic()
        if not began:
            began = last = now
        elif now - last >= max(LINE_SECONDS, LINE_SHARE * (now - began)):
            last = now
            write(f"{message} · {100 * figures['done'] / figures['total']:.0f} %")

    return show
