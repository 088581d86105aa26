"""Draw the report's charts, and show a run's results as Prefect artifacts."""

from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State

from reviewflow.evaluation.metrics import METRICS
from reviewflow.pipeline.runner import Run, TaskGroup
from reviewflow.reporting.page.markdown import markdown_text
from reviewflow.reporting.page.variant_table import SPLITS
from tasks.shown_run import description
from tasks.stage import perform_group, stage_task


@stage_task("report")
def report(run: Run, group: TaskGroup) -> State[Any]:
    """Draw the charts, unless the store has them."""
    return perform_group(run, group)


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish(variants: list[dict[str, Any]], markdown: str) -> None:
    """Show the table of variants and the report's text in the Prefect UI."""
    create_table_artifact(
        variants, key="metrics", description=description("metrics of every variant")
    )
    create_markdown_artifact(
        markdown, key="report", description=description("report with its charts")
    )


def metrics_rows(variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return run.json's variants as rows of a table. Names are shown as text."""
    return [
        {
            "variant": markdown_text(variant["name"]),
            **{
                f"{split} {metric.name}": _cell(figures[metric.name], metric.digits)
                for split in SPLITS
                for figures in [(variant["metrics"] or {}).get(split) or {}]
                for metric in METRICS
                if metric.name in figures
            },
            "diagnosis": markdown_text(variant["diagnosis"] or ""),
        }
        for variant in variants
    ]


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
