"""Provide stores and runs: a few made-up artifacts, or two real runs of the library."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviewflow.config.sentiment import read_config
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.jobs.sentiment_summary import summary
from reviewflow.pipeline.runner import Listener, Run
from reviewflow.runs.identity import run_identity
from reviewflow.runs.record import RunRecorder, last_run
from reviewflow.store.artifacts import MANIFEST, Artifact, Store
from reviewflow.store.verify import VerifyResult, verify_store

Reference = tuple[str, str]


def key_of(number: int) -> str:
    """A key that looks like one."""
    return f"{number:032x}"


def make_artifact(
    artifacts: Path, stage: str, number: int, fingerprint: str = "r", age_seconds: float = 3600
) -> Artifact:
    """A whole artifact with one file and one page for people, made some time ago."""

    def write(folder: Path) -> dict[str, int]:
        (folder / "data.txt").write_text(f"{stage} {number}")
        (folder / "data_docs").mkdir()
        (folder / "data_docs" / "page.html").write_text("a page")
        return {"rows": 1}

    store, key = Store(artifacts / "store"), key_of(number)
    with store.lock(stage, key):
        made = store.make(
            stage, key, write, {"fingerprint": fingerprint, "key_parts": {}, "inputs": {}}
        )
    then = time.time() - age_seconds
    os.utime(made.folder / MANIFEST, (then, then))
    return made


def verify(store: Path, run_going: bool = False) -> VerifyResult:
    """The full check of a store, without progress."""
    return verify_store(store, run_going, lambda done, total: None)


def edit_json(path: Path, edit: Callable[[Any], object]) -> None:
    """Change the content of a JSON file in place."""
    content = json.loads(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_run(
    artifacts: Path,
    run_id: str,
    uses: Iterable[Reference] = (),
    state: str = "completed",
    **content: Any,
) -> Path:
    """The folder of a run as it stands after its process has gone."""
    folder = artifacts / "runs" / run_id
    folder.mkdir(parents=True)
    stages = [{"stage": stage, "key": key, "state": "ran"} for stage, key in uses]
    day, _, clock = run_id[:19].partition("T")
    head = {
        "run_id": run_id,
        "job": "sentiment",
        "name": "imdb",
        "state": state,
        "started": f"{day}T{clock.replace('-', ':')}+00:00",
        **({} if state == "running" else {"stages": stages}),
        **content,
    }
    (folder / "run.json").write_text(json.dumps(head), encoding="utf-8")
    (folder / ".lock").touch()
    return folder


def real_run(config: Path, artifacts: Path, changes: tuple[str, ...] = ()) -> str:
    """Do the whole job with the library alone and record it; returns the run's id."""
    settings, runs = read_config(config, changes), artifacts / "runs"
    previous = last_run(runs, run_identity("sentiment", config.stem, settings))
    record = RunRecorder(runs, "sentiment", config.stem, settings)
    with ThreadPoolExecutor(2) as pool:
        run = Run(open_sentiment(settings, artifacts, previous), Listener(), pool)
        for group in SENTIMENT.groups:
            for work in run.task_groups(group):
                run.perform(work)
    record.write_keys(run.keys, previous)
    record.finish("completed", None, summary(run, settings, record.folder / "report.html"))
    return record.run_id


@dataclass(frozen=True)
class TwoRuns:
    """Two real runs that differ in ``vectorize.max_features`` (300, then 200)."""

    config: Path
    artifacts: Path
    first: str
    second: str

    def copied(self, folder: Path) -> Path:
        """A copy of the artifacts that may be changed."""
        return Path(shutil.copytree(self.artifacts, folder / "artifacts", symlinks=True))
