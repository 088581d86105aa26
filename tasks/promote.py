"""Let the gate decide on a run's model, and show it in Prefect."""

from collections.abc import Callable, Mapping
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State
from prefect.states import Completed

from reviewflow.jobs.promotion import gate_sentence
from reviewflow.reporting.page.markdown import markdown_text
from tasks.shown_run import description


@task(name="gate", task_run_name="gate", cache_policy=NO_CACHE, persist_result=False)
def gate(publish: Callable[[], Mapping[str, Any] | None]) -> State[Any]:
    """Call a function that publishes a model, and show what became of it."""
    published = publish()
    if published is None:
        return Completed(name="Skipped", message="No model was made.")
    sentence = gate_sentence(published)
    shown = description("gate of the new model")
    create_markdown_artifact(markdown_text(sentence), key="gate", description=shown)
    name = "Promoted" if published["gate"]["promoted"] else "Kept"
    return Completed(name=name, message=sentence)
