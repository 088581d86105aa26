"""Open the sentiment job: read the index of the reviews and lay the steps out."""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from reviewflow.config.sections import Config
from reviewflow.jobs.open_job import job_planner
from reviewflow.jobs.sentiment import STAGES
from reviewflow.pipeline.graph import build_graph
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.planner import Planner
from reviewflow.pipeline.runner import Listener, Run
from reviewflow.reporting.reference import read_reference
from reviewflow.reviews.datasets import provide
from reviewflow.reviews.parts import cut, reading


def open_planner(
    config: Config,
    artifacts: Path,
    previous: LastRun,
    refresh: tuple[str, ...] = (),
    verify: bool = False,
) -> Planner:
    """Read what there is (the file's index, the code, the store) and be ready to plan_step.

    Raises
    ------
    InputError : if the reviews cannot be read.
    ConfigError : if a suite's file, a stage to refresh or the published figures do not exist.
    """
    read_reference(config.report.reference)  # a mistake in it should not wait for the report
    provide(Path(config.ingest.path))
    read = reading(config.ingest, split_column(config), artifacts / "memos")
    nodes = build_graph(STAGES, config, config.variant_configs, len(read.index.parts))
    return job_planner(STAGES, nodes, read, artifacts, previous, refresh, verify)


def open_run(
    config: Config, planner: Planner, listener: Listener, executor: Executor, recheck: bool = False
) -> Run:
    """A run of the sentiment job, which can read its rows again."""
    cut_again = partial(cut, config.ingest, split_column(config))
    return Run(planner, listener, executor, cut_again, recheck)


def split_column(config: Config) -> str | None:
    """The column of the reviews' file that holds an official split, where one is used."""
    given = config.split.method == "column" and config.ingest.test_path is None
    return config.split.column if given else None
