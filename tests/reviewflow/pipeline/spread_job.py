"""Run the sentiment job on an executor, over several small files, each a part of its own."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from reviewflow.config.sentiment import read_config
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline.executors import Request, StepExecutor
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.runner import Listener, Run
from tests.conftest import Reviews, small_config, write_config, write_reviews


def write_job(folder: Path, reviews: Reviews, files: int, **sections: Any) -> Path:
    """Write the reviews into files, and a configuration of the job on them."""
    rows = len(reviews) // files
    paths = [
        str(write_reviews(folder / f"{n}.csv", reviews[n * rows : (n + 1) * rows]))
        for n in range(files)
    ]
    content = small_config(Path(paths[0]))
    return write_config(folder / "job.yaml", {**content, "ingest": {"path": paths}, **sections})


def open_run(
    config: Path,
    artifacts: Path,
    pool: ThreadPoolExecutor,
    executor: Any = None,
    url: str | None = None,
) -> Run:
    """Return a run of the job that has not begun."""
    planner = open_sentiment(read_config(config), artifacts, LastRun(), url=url)
    return Run(planner, Listener(), pool, executor=executor)


def run_on(
    executor: StepExecutor | None, config: Path, artifacts: Path, url: str | None = None
) -> Run:
    """Do the whole job, and end the executor. None: on threads."""
    with ThreadPoolExecutor(2) as pool, ThreadPoolExecutor(4) as tasks:
        run = open_run(config, artifacts, pool, executor, url)
        try:
            for name in SENTIMENT.groups:
                list(tasks.map(run.perform, run.task_groups(name)))
        finally:
            run.executor.close()
    return run


def digests_in(artifacts: Path) -> dict[str, Any]:
    """Return the files' digests of every artifact, by stage and key."""
    found = {}
    for path in sorted((artifacts / "store").glob("[!.]*/*/manifest.json")):
        manifest = json.loads(path.read_text("utf-8"))
        files = {name: entry["sha256"] for name, entry in manifest["files"].items()}
        found[f"{manifest['stage']}/{manifest['key']}"] = {"files": files, **manifest["digests"]}
    return found


def requests_of(run: Run, stage: str, force: bool = False) -> list[Request]:
    """Return a request for each step of a stage, whose inputs are made."""
    nodes = [node for node in run.planner.nodes if node.stage.name == stage]
    return [Request(run.planner.resolve(s), force) for node in nodes for s in node.steps]
