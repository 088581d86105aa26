"""Do jobs in processes of their own, for tests that break things around them.

There is no Prefect.

::

    stdin  ─ one job as JSON a line ─▶ driver, everything heavy imported ─ fork ─▶ one run a process
    stdout ◀─ ``ready``, then ``pid`` of each run                          answer ─▶ a file

Imported once and forked for each job, so that a kill hits the group and not Python's start.
"""

import json
import os
import signal
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from reviewflow.config.sentiment import read_config
from reviewflow.errors import ReviewflowError
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline.runner import Listener, Run, TaskGroup
from reviewflow.runs.record import RunRecorder, last_run


def main() -> None:
    """Start a process for every line until standard input is closed."""
    for name in [stage.function.rpartition(".")[0] for stage in SENTIMENT.stages] + [
        *("torch", "nltk", "great_expectations", "matplotlib", "pandas", "numba"),
    ]:
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps them
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            start(job)
        print(pid, flush=True)


def start(job: dict[str, Any]) -> None:
    """Do one job, write its answer in one rename, and exit."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        answer = Path(job.pop("answer"))
        os.chdir(job.pop("folder"))
        content = json.dumps(run_job(**job))
        aside = answer.with_suffix(".new")
        aside.write_text(content, encoding="utf-8")
        aside.rename(answer)
    finally:
        os._exit(0)


def run_job(
    config: str, artifacts: str, threads: int = 2, verify: bool = False, recheck: bool = False
) -> dict[str, Any]:
    """Do one job as the flow does it, and return what became of it.

    Returns
    -------
    dict
        ``error`` and ``exit_code``; ``outcomes``: run.json's ``stages``; ``files``: digests of
        every file by step (``label/part``).
    """
    path, folder = Path(config), Path(artifacts)
    settings = read_config(path)
    answer: dict[str, Any] = {"error": None, "exit_code": 0}
    run = None
    try:
        record = RunRecorder(folder / "runs", "sentiment", path.stem, settings)
        previous = last_run(folder / "runs", record.identity)
        planner = open_sentiment(settings, folder, previous, verify=verify)
        planner.plan_all()
        with ThreadPoolExecutor(threads) as pool:
            run = Run(planner, Listener(), pool, recheck)
            perform_all(run, threads)
        record.write_keys(run.keys, previous)
        record.finish("completed", None, {})
    except ReviewflowError as error:
        answer.update(error=str(error), exit_code=error.exit_code)
    except Exception as error:
        answer.update(error=f"unexpected: {type(error).__name__}: {error}", exit_code=1)
    return answer | evidence(run)


def perform_all(run: Run, threads: int) -> None:
    """Perform every group as soon as what it reads is there, on so many threads."""
    futures: dict[str, Future[Any]] = {}

    def perform(group: TaskGroup, waits: list[Future[Any]]) -> None:
        for wait in waits:
            wait.result()
        run.perform(group)

    with ThreadPoolExecutor(threads) as pool:
        for name in SENTIMENT.groups:
            for group in run.task_groups(name):
                waits = [futures[label] for label in run.sources(group) if label in futures]
                futures[group.title] = pool.submit(perform, group, waits)
    for future in futures.values():
        future.result()
    run.raise_if_nondeterministic()


def evidence(run: Run | None) -> dict[str, Any]:
    """Return outcomes and files of the steps that were reached."""
    if run is None:
        return {"outcomes": [], "files": {}}
    return {
        "outcomes": [asdict(outcome) for outcome in run.outcomes],
        "files": {
            f"{step.node.label}/{step.part}": {
                path: entry["sha256"] for path, entry in artifact.manifest["files"].items()
            }
            for step, artifact in run.artifacts.items()
        },
    }


if __name__ == "__main__":
    main()
