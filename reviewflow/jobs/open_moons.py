"""Open a job without rows and variants."""

from __future__ import annotations

from pathlib import Path

from reviewflow.jobs.open_job import job_planner
from reviewflow.pipeline.graph import Settings, build_graph
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.planner import Planner
from reviewflow.pipeline.stage import Stage
from reviewflow.reviews.parts import Index, Reading


def open_small_planner(
    stages: tuple[Stage, ...],
    config: Settings,
    artifacts: Path,
    previous: LastRun,
    refresh: tuple[str, ...] = (),
    verify: bool = False,
) -> Planner:
    """The same for a job without rows and variants."""
    nodes = build_graph(stages, config)
    return job_planner(stages, nodes, Reading(Index(()), {}), artifacts, previous, refresh, verify)
