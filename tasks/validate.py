"""Validate: Great Expectations checks reviews and features; a failed error stops the run."""

from typing import Any

from prefect.artifacts import create_table_artifact
from prefect.client.schemas import State

from reviewflow.jobs.sentiment_summary import CHECKS, quality_entries
from reviewflow.pipeline.runner import Run, TaskGroup
from reviewflow.reporting.page.markdown import markdown_text
from tasks.stage import group_name, performed, stage_task


@stage_task(name="validate", task_run_name=group_name)
def validate(run: Run, group: TaskGroup) -> State[Any]:
    """Check the data against a suite of expectations."""
    stage = group.nodes[-1].stage.name
    try:
        return performed(run, group)
    finally:
        if stage in CHECKS:
            rows = [shown(entry) for entry in quality_entries(run, (stage,))]
            create_table_artifact(rows, key=f"quality-{stage.removeprefix('validate_')}")


def shown(entry: dict[str, Any]) -> dict[str, Any]:
    """One expectation as a row of a table in the Prefect UI; text from data stays text."""
    return {
        "passed": "yes" if entry["success"] else entry["severity"],
        "asked": markdown_text(entry["asked"]),
        "seen": markdown_text(entry["observed"]),
        "examples": markdown_text(entry["examples"]) if entry["examples"] else "",
    }
