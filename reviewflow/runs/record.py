"""The record of a run: ``artifacts/runs/<run_id>/run.json``, and what later runs read of it.

A run's folder holds run.json (first ``running``, then as it ended), keys.json (what its steps'
keys were made of), the report, and a lock that its process holds, so that a crash can be told.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from reviewflow.errors import StoreError
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.runner import Run
from reviewflow.store.files import write_whole

PACKAGES = (
    "torch",
    "numpy",
    "pyarrow",
    "scikit-learn",
    "nltk",
    "great-expectations",
    "prefect",
    "numba",
)


class RunRecorder:
    """The folder of one run, written when it starts and when it ends.

    Parameters
    ----------
    runs : the folder of all runs.
    job : ``sentiment`` or ``moons``.
    name : what the configuration is called: its file's name without the ending.
    flow_run_id : what the orchestrator calls this run, where there is one.
    """

    def __init__(
        self, runs: Path, job: str, name: str, config: BaseModel, flow_run_id: str | None = None
    ) -> None:
        self.started = datetime.now(UTC)
        self.run_id = f"{self.started:%Y-%m-%dT%H-%M-%S}-{secrets.token_hex(3)}"
        self.job, self.name = job, name
        self.runs, self.folder = runs, runs / self.run_id
        self.head = {
            "run_id": self.run_id,
            "job": job,
            "name": name,
            "flow_run_id": flow_run_id,
            "state": "running",
            "error": None,
            "started": self.started.isoformat(timespec="seconds"),
            "finished": None,
            "seconds": None,
            "config": config.model_dump(mode="json", by_alias=True),
            "environment": environment(),
        }
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise StoreError(
                f"The artifacts folder {runs.parent} cannot be written ({error.strerror}); "
                "choose another with --artifacts."
            ) from None
        from filelock import FileLock  # not before a run: planning must stay quick

        self._lock = FileLock(self.folder / ".lock")
        self._lock.acquire()
        self._write(self.head)

    def seconds(self) -> float:
        """How long this run has been going."""
        return round((datetime.now(UTC) - self.started).total_seconds(), 2)

    def finish(self, state: str, error: str | None, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Write run.json as the run ended, and point ``latest`` here if it completed."""
        content = {
            **self.head,
            "state": state,
            "error": error,
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": self.seconds(),
            **facts,
        }
        self._write(content)
        if state == "completed":
            name = "latest" if self.head["job"] == "sentiment" else f"latest-{self.head['job']}"
            aside = self.runs / f".{self.run_id}"
            aside.symlink_to(self.run_id)
            os.replace(aside, self.runs / name)
        self._lock.release()
        return content

    def keep_keys(self, run: Run, previous: LastRun) -> None:
        """Keep what the keys were made of, beside what earlier runs knew of lines not reached."""
        known = {
            label: {"fingerprint": fingerprint, "keys": sorted(previous.keys.get(label, ()))}
            for label, fingerprint in previous.fingerprints.items()
        }
        for label, (fingerprint, keys) in run.keys.items():
            known[label] = {"fingerprint": fingerprint.to_json(), "keys": sorted(set(keys))}
        write_whole(self.folder / "keys.json", json.dumps(known, indent=1, ensure_ascii=False))

    def _write(self, content: Mapping[str, Any]) -> None:
        write_whole(self.folder / "run.json", json.dumps(content, indent=1, ensure_ascii=False))


def last_run(runs: Path, job: str, name: str) -> LastRun:
    """What the last run of this configuration (or else any of this job) kept of its keys."""
    latest: Mapping[str, Any] = {}
    for path in sorted(runs.glob("*/keys.json"), reverse=True):
        if path.parent.is_symlink():
            continue
        try:
            head = json.loads((path.parent / "run.json").read_text(encoding="utf-8"))
            keys = json.loads(path.read_text(encoding="utf-8"))
            known = {
                label: (entry["fingerprint"], set(entry["keys"])) for label, entry in keys.items()
            }
            same, other_job = head.get("name") == name, head.get("job") != job
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        if other_job:
            continue
        if same or not latest:
            latest = known
        if same:
            break
    return LastRun(
        {label: fingerprint for label, (fingerprint, _) in latest.items()},
        {label: frozenset(keys) for label, (_, keys) in latest.items()},
    )


def read_run(folder: Path) -> dict[str, Any]:
    """A run's run.json; a ``running`` one whose process is gone reads ``crashed``.

    Raises
    ------
    StoreError : if there is no readable run.json.
    """
    try:
        content: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"There is no readable run.json in {folder} ({error}).") from None
    if not isinstance(content, dict):
        raise StoreError(f"The run.json in {folder} holds no record of a run.")
    if content.get("state") == "running" and not _held(folder / ".lock"):
        content["state"] = "crashed"
    return content


def environment() -> dict[str, Any]:
    """What the run ran on."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "processors": os.cpu_count(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _held(path: Path) -> bool:
    """Whether a living process holds a lock file."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False
