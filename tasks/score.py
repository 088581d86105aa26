"""Score one file, as a task that Prefect shows."""

from collections.abc import Callable
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State
from prefect.states import Completed

from reviewflow.formatting import amount
from reviewflow.scoring.drift import notice
from reviewflow.scoring.live_accuracy import live_sentence
from reviewflow.scoring.score_files import FileOutcome
from tasks.shown_run import description

WAITING = "It changed moments ago, so it may still be being written; a later run scores it."
BUSY = "Another process is scoring it."
SHOWN = "files, drift and checks"


@task(name="score", task_run_name="score · {name}", cache_policy=NO_CACHE, persist_result=False)
def score_one(name: str, perform: Callable[[], FileOutcome]) -> State[Any]:
    """Score a file by a function that says what became of it.

    Raises
    ------
    ReviewflowError
        If the file could not be scored.
    """
    outcome = perform()
    if outcome.error is not None:
        raise outcome.error
    state = "Completed" if outcome.state == "scored" else outcome.state.capitalize()
    return Completed(name=state, message=sentence(outcome))


def show_scores(markdown: str) -> None:
    """Show the report's text with the table of drift in the Prefect UI."""
    create_markdown_artifact(markdown, key="scores", description=description(SHOWN))


def sentence(outcome: FileOutcome) -> str:
    """Return what became of a file, in words."""
    if outcome.state == "waiting":
        return WAITING
    if outcome.state == "busy":
        return BUSY
    if outcome.error is not None:
        return str(outcome.error)
    record = outcome.record
    rows, rejects = amount(record["rows_out"], "row"), record["rejects"]
    rejected = f", {amount(rejects, 'reject')}" if rejects else ""
    verb = "scored" if outcome.state == "scored" else "scored before"
    told = f"{rows} {verb} by {record['model_version']}{rejected}: {outcome.target.output}"
    more = [live_sentence(record.get("live")), notice(record.get("checks", ()), record["drift"])]
    return ". ".join([told, " ".join(part for part in more if part)]) if any(more) else told
