"""Name and tag a flow run, and describe what it shows in Prefect."""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.runtime import flow_run


@dataclass
class ShownRun:
    """What Prefect shows of a run.

    Attributes
    ----------
    config : its name, or that of the model that scores.
    run_id : as in run.json.
    tags : by which the flow run is found, beside those of its deployment.
    cause : the sentence on what failed first, empty where nothing did.
    failed : the groups of stages that failed.
    page : where to read on, such as ``Report: http://…``. None while no page is written.
    """

    config: str = ""
    run_id: str = ""
    tags: list[str] = field(default_factory=list)
    cause: str = ""
    failed: list[str] = field(default_factory=list)
    page: str | None = None


SHOWN_RUN: ContextVar[ShownRun | None] = ContextVar("shown_run", default=None)


def shown_run() -> ShownRun:
    """Return what is shown of this run, empty outside a flow."""
    return SHOWN_RUN.get() or ShownRun()


def description(what: str) -> str:
    """Return of which run an artifact is and what, for Prefect's lists.

    They show 40 characters, so the run's id is the last.
    """
    shown = shown_run()
    return f"{shown.config} · {what} · run {shown.run_id}" if shown.run_id else what


def name_flow_run(title: str | None, tags: Sequence[str]) -> None:
    """Add tags to the Prefect flow run, and rename it if there is a title."""
    identity, shown = flow_run.get_id(), shown_run()
    if identity:
        shown.tags = list(dict.fromkeys([*flow_run.get_tags(), *shown.tags, *tags]))
        with get_client(sync_client=True) as client:
            client.update_flow_run(UUID(identity), name=title, tags=shown.tags)


def tag_failure(shown: ShownRun) -> None:
    """Tag a flow run with the stages that failed.

    One that has no name yet gets one.
    """
    name = shown.config or flow_run.get_flow_name()
    title = None if shown.tags else f"{name} · did not begin"
    name_flow_run(title, [f"failed:{group}" for group in shown.failed])
