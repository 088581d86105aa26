"""Check reviews and features with Great Expectations.

A failed error stops the run.
"""

from typing import Any

from prefect.artifacts import create_table_artifact
from prefect.client.schemas import State

from reviewflow.jobs.sentiment_summary import CHECKS, quality_entries
from reviewflow.pipeline.runner import Run, TaskGroup
from reviewflow.quality.results import limit_words
from reviewflow.reporting.page.markdown import markdown_text
from tasks.shown_run import description
from tasks.stage import perform_group, stage_task


@stage_task("validate")
def validate(run: Run, group: TaskGroup) -> State[Any]:
    """Check the data against a suite of expectations."""
    stage = group.nodes[-1].stage.name
    try:
        return perform_group(run, group)
    finally:
        if stage in CHECKS:
            rows = [table_row(entry) for entry in quality_entries(run, (stage,))]
            what = stage.removeprefix("validate_")
            shown = description(f"checks of the {what}")
            create_table_artifact(rows, key=f"quality-{what}", description=shown)


def table_row(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an expectation as a row of a table in Prefect.

    Text from the data stays text.
    """
    return {
        "passed": "yes" if entry["success"] else entry["severity"],
        "asked": markdown_text(entry["asked"]),
        "seen": markdown_text(entry["observed"]),
        "limit": markdown_text(limit_words(entry)),
        "examples": markdown_text(entry["examples"]) if entry["examples"] else "",
    }
