"""Remove artifacts that no kept run refers to, also during runs.

    runs ─▶ kept: the newest of each configuration, the last completed, all that are going
    store ─▶ artifacts that no kept run refers to ─ lock ─ rename aside ─ remove

A run that is going may use any artifact that it finds. So it says beforehand which it may use (its
steps' fingerprints, ``claims.json``), and while a run has not said so, no artifact is removed.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from reviewflow.errors import StoreError
from reviewflow.pipeline.opening import MANIFESTS
from reviewflow.runs.history import RUN_ID, RunRecord, references, run_records
from reviewflow.runs.record import LOCK
from reviewflow.store.artifacts import TEMPORARY
from reviewflow.store.catalog import (
    Entry,
    StaleTemp,
    entries,
    folder_bytes,
    read_entry,
    stale_temps,
)
from reviewflow.store.files import write_atomically
from reviewflow.store.locks import LOCKS, is_locked, try_step_lock

CLAIMS = "claims.json"
STARTING_SECONDS = 3600  # far more than a run needs to give its folder its name
GcOutcome = Literal["removed", "in use", "run started"]


@dataclass(frozen=True)
class RetentionPolicy:
    """What must stay.

    Attributes
    ----------
    runs : ids of the runs that are kept.
    used : (stage, key) of the artifacts that they refer to.
    fingerprints : what the runs that are going, and those that crashed, may use.
    since_seconds : everything made later stays; infinite if that does not keep anything.
    going : whether any run is going.
    everything : whether a run is going that has not said what it may use.
    notes : in words, why more is kept than was asked.
    """

    runs: frozenset[str]
    used: frozenset[tuple[str, str]]
    fingerprints: frozenset[str]
    since_seconds: float
    going: bool
    everything: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class GcResult:
    """What was removed (or would be, in a dry run), and what was kept."""

    removed: list[Entry] = field(default_factory=list)
    stale_temps: list[StaleTemp] = field(default_factory=list)
    runs: list[StaleTemp] = field(default_factory=list)
    in_use: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    kept_artifacts: int = 0
    kept_bytes: int = 0

    @property
    def freed_bytes(self) -> int:
        """Size on disk of all that was removed."""
        folders = [*self.stale_temps, *self.runs]
        return sum(entry.bytes for entry in self.removed) + sum(each.bytes for each in folders)


def write_claims(folder: Path, fingerprints: Iterable[str]) -> None:
    """Write the fingerprints of a run's steps, before the first starts."""
    write_atomically(folder / CLAIMS, json.dumps(sorted(set(fingerprints))))


def retention_policy(
    runs: list[RunRecord], keep_runs: int, linked: frozenset[str] = frozenset()
) -> RetentionPolicy:
    """Return what the runs that are kept need.

    Those are the newest of each configuration and all that are going. The last completed run of
    each configuration is among them, so that failures cannot push it out, and so are ``linked``
    ones (ids that ``latest`` and the like point at).
    """
    kept = _runs_to_keep(runs, keep_runs, linked)
    going = [run for run in kept if run.state == "running"]
    broken = [run for run in kept if run.state in ("crashed", "unreadable")]
    claims = {run.run_id: _claims(run.folder) for run in [*going, *broken]}
    silent_going = [run for run in going if claims[run.run_id] is None]
    silent_broken = [run for run in broken if claims[run.run_id] is None]
    since = [run.started_seconds for run in [*going, *silent_broken]]
    return RetentionPolicy(
        runs=frozenset(run.run_id for run in kept),
        used=frozenset().union(*(references(run) for run in kept)),
        fingerprints=frozenset().union(*(each for each in claims.values() if each is not None)),
        since_seconds=min(since, default=float("inf")),
        going=bool(going),
        everything=bool(silent_going),
        notes=(
            *(
                f"run {run.run_id} is going and has not said what it uses; no artifact is removed"
                for run in silent_going
            ),
            *(
                f"run {run.run_id} is {run.state}; all artifacts made since it started are kept"
                for run in silent_broken
            ),
        ),
    )


def collect_garbage(
    artifacts: Path,
    keep_runs: int,
    dry_run: bool = False,
    with_runs: bool = False,
    order: Sequence[str] = (),
) -> GcResult:
    """Remove what the kept runs do not need.

    Parameters
    ----------
    artifacts : holds ``store`` and ``runs``.
    keep_runs : how many runs of each configuration are kept, at least 1.
    dry_run : remove nothing, and return what would be removed.
    with_runs : remove the folders of older runs, too (their pages and run.json).
    order : names of stages in the order of the list of what is removed.

    Raises
    ------
    StoreError : if something cannot be read or removed.
    """
    store, folder = artifacts / "store", artifacts / "runs"
    known = _names(folder)
    runs = run_records(folder)
    policy = retention_policy(runs, keep_runs, _linked_ids(folder, known))
    listed, result = entries(store, order), GcResult(notes=list(policy.notes))
    for entry in listed:
        if is_needed(entry, policy):
            continue
        outcome = "removed" if dry_run else remove_artifact(store, entry, folder, known)
        if outcome == "run started":
            result.notes.append("a run has started meanwhile; collect again to remove the rest")
            break
        (result.removed if outcome == "removed" else result.in_use).append(entry)
    run_going = policy.going or not _names(folder) <= known
    result.stale_temps.extend([*stale_temps(store, run_going), *_unnamed_runs(folder)])
    if not dry_run:
        for left in result.stale_temps:
            shutil.rmtree(left.folder, ignore_errors=True)
        _remove_idle_locks(store)
        (artifacts / MANIFESTS).unlink(missing_ok=True)  # the next plan remembers what is left
    if with_runs:
        result.runs.extend(_old_runs(store, runs, policy, dry_run))
    gone = {entry.folder for entry in result.removed}
    stays = [entry.bytes for entry in listed if entry.folder not in gone]
    return replace(result, kept_artifacts=len(stays), kept_bytes=sum(stays))


def is_needed(entry: Entry, policy: RetentionPolicy) -> bool:
    """Return whether an artifact must stay."""
    if policy.everything or (entry.stage, entry.key) in policy.used:
        return True
    if entry.made_seconds >= policy.since_seconds:
        return True
    if entry.manifest is None:
        return policy.going
    return entry.fingerprint in policy.fingerprints


def remove_artifact(store: Path, entry: Entry, runs: Path, known: frozenset[str]) -> GcOutcome:
    """Remove an artifact, unless another run now references it.

    Parameters
    ----------
    runs : the folder of the runs.
    known : the names in that folder when it was decided what to keep.
    """
    with try_step_lock(store, entry.stage, entry.key) as held:
        now = read_entry(entry.folder) if held else None
        if now is None or now.made_seconds != entry.made_seconds:
            return "in use"
        if not _names(runs) <= known:
            return "run started"
        aside = store / TEMPORARY / f"{entry.stage}-{entry.key}-gc{secrets.token_hex(4)}"
        _rename(entry.folder, aside)
        # a run that found the artifact had its folder by then, so it is seen now at the latest
        if not _names(runs) <= known:
            _rename(aside, entry.folder)
            return "run started"
        shutil.rmtree(aside, ignore_errors=True)
        return "removed"


def _runs_to_keep(runs: list[RunRecord], keep_runs: int, linked: frozenset[str]) -> list[RunRecord]:
    """Return the runs to keep, of runs that come newest first."""
    counts: dict[tuple[str, str, str | None], int] = {}
    completed = set()
    kept = []
    for run in runs:
        identity = run.identity
        configuration = (identity.job, identity.name, identity.config_file)
        counts[configuration] = counts.get(configuration, 0) + 1
        last = run.state == "completed" and configuration not in completed
        if last:
            completed.add(configuration)
        kept_anyway = last or run.state == "running" or run.run_id in linked
        if kept_anyway or counts[configuration] <= keep_runs:
            kept.append(run)
    return kept


def _unnamed_runs(runs: Path) -> list[StaleTemp]:
    """Return the folders of runs that were killed before they got their name."""
    return [
        StaleTemp(folder, folder_bytes(folder))
        for folder in sorted(runs.glob(".*"))
        if RUN_ID.match(folder.name[1:])
        and not folder.is_symlink()
        and not is_locked(folder / LOCK)
        and time.time() - folder.stat().st_mtime > STARTING_SECONDS
    ]


def _old_runs(
    store: Path, runs: list[RunRecord], policy: RetentionPolicy, dry_run: bool
) -> list[StaleTemp]:
    """Remove the folders of runs that are not kept."""
    removed = []
    for run in runs:
        if run.run_id in policy.runs:
            continue
        removed.append(StaleTemp(run.folder, folder_bytes(run.folder)))
        if not dry_run:
            aside = store / TEMPORARY / f"run-{run.run_id}-{secrets.token_hex(4)}"
            _rename(run.folder, aside)
            shutil.rmtree(aside, ignore_errors=True)
    return removed


def _remove_idle_locks(store: Path) -> None:
    """Remove lock files of steps without an artifact that nobody holds.

    Whoever opened such a file meanwhile finds, once it holds the lock, that the file has no name
    any more, and locks a new file instead.
    """
    for path in sorted((store / LOCKS).glob("*")):
        stage, _, key = path.name.rpartition("-")
        if not (store / stage / key).exists():
            with try_step_lock(store, stage, key) as held:
                if held:
                    path.unlink(missing_ok=True)


def _rename(folder: Path, name: Path) -> None:
    try:
        name.parent.mkdir(parents=True, exist_ok=True)
        os.rename(folder, name)
    except OSError as error:
        raise StoreError(f"{folder} cannot be removed ({error.strerror}).") from None


def _names(runs: Path) -> frozenset[str]:
    """Return the names in the folder of the runs."""
    try:
        return frozenset(name for name in os.listdir(runs) if not name.startswith("."))
    except FileNotFoundError:
        return frozenset()


def _linked_ids(runs: Path, names: frozenset[str]) -> frozenset[str]:
    """Return the ids of the runs that links point at."""
    return frozenset((runs / name).readlink().name for name in names if (runs / name).is_symlink())


def _claims(folder: Path) -> frozenset[str] | None:
    """Return the fingerprints that a run may use, or None if unknown."""
    try:
        claims = json.loads((folder / CLAIMS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(claims, list) or not all(isinstance(each, str) for each in claims):
        return None
    return frozenset(claims)
