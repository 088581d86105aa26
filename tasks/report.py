"""Report: charts (cached by what they show), and the run's results as Prefect artifacts."""

from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State

from reviewflow.pipeline.runner import Run, TaskGroup
from reviewflow.reporting.page.markdown import markdown_text
from tasks.stage import group_name, performed, stage_task

SHOWN_METRICS = ("accuracy", "precision", "recall", "f1", "roc_auc")


@stage_task(name="report", task_run_name=group_name)
def report(run: Run, group: TaskGroup) -> State[Any]:
    """Draw the charts."""
    return performed(run, group)


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish(variants: list[dict[str, Any]], markdown: str) -> None:
    """Show the table of variants and the report's text in the Prefect UI."""
    create_table_artifact(variants, key="metrics", description="Metrics of every variant")
    create_markdown_artifact(markdown, key="report")


def metrics_rows(variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """run.json's variants as rows of a table; names are shown as text."""
    return [
        {
            "variant": markdown_text(variant["name"]),
            **{
                f"{split} {name}": "" if value is None else f"{value:.4f}"
                for split in ("test", "train")
                for name, value in ((variant["metrics"] or {}).get(split) or {}).items()
                if name in SHOWN_METRICS
            },
            "diagnosis": markdown_text(variant["diagnosis"] or ""),
        }
        for variant in variants
    ]
