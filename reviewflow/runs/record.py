"""Write the record of a run, and read it again.

A run's folder, ``artifacts/runs/<run_id>/``, holds run.json (first ``running``, then as it ended),
keys.json (what its steps' keys were made of), the report, and a lock that its process holds, so
that a crash can be noticed. The folder gets its name once the lock is held and run.json is written.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from reviewflow import __version__
from reviewflow.errors import StoreError
from reviewflow.pipeline.keys import Fingerprint
from reviewflow.pipeline.last_run import LastRun
from reviewflow.processors import processor_features
from reviewflow.runs.identity import RunIdentity, recorded_identity, run_identity
from reviewflow.runs.json_values import mapping, text
from reviewflow.runs.keys_file import KEYS_FILE, read_keys
from reviewflow.runs.provenance import commit_of, user_name
from reviewflow.store.files import write_atomically
from reviewflow.store.locks import hold_lock, is_locked
from reviewflow.store.os_errors import store_errors

LOCK = ".lock"
RUN_FORMAT = "%Y-%m-%dT%H-%M-%S-%f"  # of a run's id, in UTC, before six random digits
RUN_STAMP = 26  # characters
CLOCK_CHANGE = timedelta(days=1)  # the largest by which a clock is set back
FIRST_VERSION = "0.1"  # of reviewflow, where run.json does not say
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
    """Write the folder of one run, when it starts and when it ends.

    Ids and ``started`` order runs as they were started, to the microsecond and the millisecond,
    also where the clock was set back since the last run, by up to a day.

    Parameters
    ----------
    runs : the folder of all runs.
    job : ``sentiment`` or ``moons``.
    name : what the configuration is called: its file's name without the ending.
    flow_run_id : what the orchestrator calls this run, where there is one.
    config_file : the configuration's file, where it was read from one.
    inputs : size and time of the input files as the run begins.

    Raises
    ------
    StoreError : if the artifacts folder cannot be written or has no file locks.
    """

    def __init__(
        self,
        runs: Path,
        job: str,
        name: str,
        config: BaseModel,
        flow_run_id: str | None = None,
        config_file: Path | str | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        self.started, self._begin = start_time(runs), time.monotonic()
        self.run_id = f"{self.started:{RUN_FORMAT}}-{secrets.token_hex(3)}"
        self.job, self.name = job, name
        self.identity = run_identity(job, name, config, config_file)
        self.runs, self.folder = runs, runs / self.run_id
        self.head = {
            "run_id": self.run_id,
            "job": job,
            "name": name,
            "config_file": self.identity.config_file,
            "flow_run_id": flow_run_id,
            "state": "running",
            "error": None,
            "started": self.started.isoformat(timespec="milliseconds"),
            "finished": None,
            "seconds": None,
            "config": config.model_dump(mode="json", by_alias=True),
            "environment": environment(self.identity.config_file),
            "input": inputs,
        }
        with store_errors(runs.parent):
            self._lock = self._create_folder()

    def seconds(self) -> float:
        """Return how long this run has been going."""
        return round(time.monotonic() - self._begin, 2)

    def finish(
        self, state: str, error: str | None, facts: Mapping[str, Any], latest: str = "latest"
    ) -> dict[str, Any]:
        """Write run.json as the run ended.

        Parameters
        ----------
        latest : the link in the folder of runs that points at this run if it completed.

        Raises
        ------
        StoreError : if it cannot be written.
        """
        content = self.end_content(state, error, facts)
        try:
            with store_errors(self.runs.parent):
                _write_json(self.folder / "run.json", content)
                if state == "completed":
                    link = self.runs / f".{self.run_id}"
                    link.symlink_to(self.run_id)
                    os.replace(link, self.runs / latest)
        finally:
            os.close(self._lock)  # a run whose end cannot be written reads as crashed
        return content

    def end_content(
        self, state: str, error: str | None, facts: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return run.json of a run that ends now."""
        return {
            **self.head,
            "state": state,
            "error": error,
            "finished": self._end_time().isoformat(timespec="milliseconds"),
            "seconds": self.seconds(),
            **facts,
        }

    def _end_time(self) -> datetime:
        """Return the time, and none before the start if the clock was set."""
        return max(datetime.now(UTC), self.started + timedelta(seconds=self.seconds()))

    def write_keys(
        self, keys: Mapping[str, tuple[Fingerprint, Sequence[str]]], previous: LastRun
    ) -> None:
        """Write keys.json, with what earlier runs knew of nodes not reached.

        Parameters
        ----------
        keys : fingerprint and keys of every node that was reached, by its history key.
        """
        known: dict[str, dict[str, Any]] = {
            label: {
                "fingerprint": fingerprint,
                "keys": sorted(previous.keys.get(label, ())),
                "version": previous.version_of(label),
            }
            for label, fingerprint in previous.fingerprints.items()
        }
        for label, (fingerprint, own) in keys.items():
            known[label] = {"fingerprint": fingerprint.to_json(), "keys": sorted(set(own))}
        _write_json(self.folder / KEYS_FILE, known)

    def _create_folder(self) -> int:
        """Create the run's folder and return its lock's descriptor."""
        hidden = self.runs / f".{self.run_id}"
        hidden.mkdir(parents=True)
        lock = None
        try:
            lock = hold_lock(hidden / LOCK)
            _write_json(hidden / "run.json", self.head)
            hidden.rename(self.folder)
        except OSError:
            if lock is not None:
                os.close(lock)
            shutil.rmtree(hidden, ignore_errors=True)
            raise
        return lock


def start_time(runs: Path) -> datetime:
    """Return the time, and none before the start of the newest run.

    A run that is more than a day ahead was dated by a wrong clock.
    """
    now, after = datetime.now(UTC), timedelta(microseconds=1)
    for name in sorted((path.name for path in runs.glob("[0-9]*")), reverse=True):
        with suppress(ValueError):
            newest = datetime.strptime(name[:RUN_STAMP], RUN_FORMAT).replace(tzinfo=UTC)
            if newest < now + CLOCK_CHANGE:
                return max(now, newest + after)
    return now


def last_run(runs: Path, identity: RunIdentity) -> LastRun:
    """Return the keys of the last run of the same configuration and data."""
    others = False
    for path in sorted(runs.glob(f"*/{KEYS_FILE}"), reverse=True):
        if path.parent.is_symlink():
            continue
        try:
            head = json.loads((path.parent / "run.json").read_text(encoding="utf-8"))
            recorded = recorded_identity(head)
        except (OSError, ValueError, AttributeError, RecursionError):
            continue
        if recorded.matches(identity):
            keys = read_keys(path.parent)
            if keys.fingerprints:
                version = reviewflow_version(head)
                return LastRun(keys.fingerprints, keys.keys, version, versions=keys.versions)
        others = others or recorded.job == identity.job
    return LastRun({}, {}, other_runs=others)


def read_run(folder: Path) -> dict[str, Any]:
    """Return a run's run.json.

    A ``running`` one whose process has ended reads ``crashed``.

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
    if content.get("state") == "running" and not is_locked(folder / LOCK):
        content["state"] = "crashed"
    return content


def environment(config_file: str | None) -> dict[str, Any]:
    """Return what a run runs on, from which commit, and who started it."""
    return {
        "user": user_name(),
        "commit": commit_of(Path(config_file or ".")),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "processors": os.cpu_count(),
        "processor": list(processor_features()),
        "packages": {"reviewflow": __version__, **{name: version(name) for name in PACKAGES}},
    }


def reviewflow_version(content: Mapping[str, Any]) -> str:
    """Return the version of reviewflow that a run.json was written by."""
    packages = mapping(mapping(content.get("environment")).get("packages"))
    return text(packages.get("reviewflow")) or FIRST_VERSION


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False))
