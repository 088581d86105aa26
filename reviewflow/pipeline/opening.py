"""Open a job: analyse its code, lay out its steps, make its planner."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from reviewflow.callgraph.cache import reaches
from reviewflow.pipeline.graph import build_graph
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.planner import CALL, Planner, check_refresh
from reviewflow.pipeline.stage import Job, Settings, Source
from reviewflow.store.manifest_cache import ManifestCache
from reviewflow.store.remote_store import open_store

CODE_CACHE = Path("memos", "code.json")  # in the artifacts folder
MANIFESTS = Path("memos", "manifests.sqlite")


def open_planner(
    job: Job,
    config: Settings,
    artifacts: Path,
    last_run: LastRun,
    *,
    variants: Mapping[str, Settings] = MappingProxyType({}),
    source: Source | None = None,
    refresh: tuple[str, ...] = (),
    verify: bool = False,
    url: str | None = None,
) -> Planner:
    """Return the planner of a job.

    Parameters
    ----------
    artifacts : the folder that holds the store and what is remembered of code.
    variants : the configuration of each variant, for a job that has some.
    source : the rows, for a job that has some.
    refresh : stages and groups that run whatever the store holds.
    verify : hash every artifact instead of trusting sizes and times.
    url : of object storage that shares the artifacts, None for none.

    Raises
    ------
    ConfigError : if there is no stage to refresh, or no file that a setting names.
    """
    parts = 0 if source is None else len(source.index.parts)
    nodes = build_graph(job.stages, config, variants, parts)
    reached = reaches((CALL, *job.functions), artifacts / CODE_CACHE)
    asked = check_refresh(refresh, job.stages)
    manifests = ManifestCache(artifacts / MANIFESTS)
    store = open_store(artifacts / "store", url, verify, manifests)
    return Planner(store, nodes, reached, last_run, source, asked)
