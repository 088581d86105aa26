"""Open any job: read its code and its store."""

from __future__ import annotations

from pathlib import Path

from reviewflow.callgraph.cache import reaches
from reviewflow.pipeline.graph import Node
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.planner import CALL, Planner, check_refresh
from reviewflow.pipeline.stage import Stage
from reviewflow.reviews.parts import Reading
from reviewflow.store.artifacts import Store


def job_planner(
    stages: tuple[Stage, ...],
    nodes: list[Node],
    read: Reading,
    artifacts: Path,
    previous: LastRun,
    refresh: tuple[str, ...],
    verify: bool,
) -> Planner:
    asked = check_refresh(refresh, stages)
    entries = (CALL, *(stage.function for stage in stages))
    reached = reaches(entries, artifacts / "memos" / "code.json")
    return Planner(Store(artifacts / "store", verify), read, nodes, reached, previous, asked)
