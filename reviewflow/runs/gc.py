"""Removal of what no kept run refers to, safe while runs are going.

    runs ─▶ kept: the newest of each name, the last completed, all that are going
    store ─▶ artifacts that no kept run refers to ─ lock ─ rename aside ─ remove

A run that is going may use anything that it finds, so it says beforehand what it may use (its
steps' fingerprints, ``claims.json``); of a run that said nothing, nothing is taken away.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from reviewflow.errors import StoreError
from reviewflow.runs.history import RunRecord, references, run_records
from reviewflow.store.catalog import (
    Entry,
    StaleTemp,
    bytes_under,
    entries,
    entry_of,
    held_at_once,
    stale_temps,
)
from reviewflow.store.files import write_whole

CLAIMS = "claims.json"
GcOutcome = Literal["removed", "in use", "run started"]


@dataclass(frozen=True)
class RetentionPolicy:
    """What must stay.

    Attributes
    ----------
    runs : ids of the runs that are kept.
    used : (stage, key) of what they refer to.
    fingerprints : what the runs that are going may use, and what the crashed ones came for.
    since_seconds : everything made later stays; infinite where that is no reason to keep.
    going : whether any run is going.
    everything : a run is going that has not said what it may use.
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
    """What was removed (or would be, in a dry run), and what was left."""

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
        return sum(entry.bytes for entry in self.removed) + sum(
            left.bytes for left in [*self.stale_temps, *self.runs]
        )


def claim(folder: Path, fingerprints: Iterable[str]) -> None:
    """Write the fingerprints of a run's steps into its folder, before the first step starts."""
    write_whole(folder / CLAIMS, json.dumps(sorted(set(fingerprints))))


def to_keep(
    runs: list[RunRecord], keep_runs: int, linked: frozenset[str] = frozenset()
) -> RetentionPolicy:
    """What the newest ``keep_runs`` runs of each job and name need, and the runs that go on.

    The last completed run of each name is among them, so that failures cannot push it out, and
    so are ``linked`` ones (ids that ``latest`` and the like point at).
    """
    kept = _kept(runs, keep_runs, linked)
    going = [run for run in kept if run.state == "running"]
    broken = [run for run in kept if run.state in ("crashed", "unreadable")]
    claims = {run.run_id: _claims(run.folder) for run in [*going, *broken]}
    mute = [run for run in broken if claims[run.run_id] is None]
    notes = [
        f"run {run.run_id} is going and has not said what it uses; no artifact is removed"
        for run in going
        if claims[run.run_id] is None
    ]
    notes += [f"run {run.run_id} is {run.state}; all that was made since stays" for run in mute]
    return RetentionPolicy(
        runs=frozenset(run.run_id for run in kept),
        used=frozenset().union(*(references(run) for run in kept)),
        fingerprints=frozenset().union(*(said for said in claims.values() if said is not None)),
        since_seconds=min((run.started_seconds for run in [*going, *mute]), default=float("inf")),
        going=bool(going),
        everything=any(claims[run.run_id] is None for run in going),
        notes=tuple(notes),
    )


def collect_garbage(
    artifacts: Path, keep_runs: int, dry_run: bool = False, with_runs: bool = False
) -> GcResult:
    """Remove what the kept runs do not need.

    Parameters
    ----------
    artifacts : holds ``store`` and ``runs``.
    keep_runs : how many runs of each job and name are kept, at least 1.
    dry_run : remove nothing, and return what would be removed.
    with_runs : remove the folders of older runs, too (their pages and run.json).

    Raises
    ------
    StoreError : if something cannot be read or removed.
    """
    store, folder = artifacts / "store", artifacts / "runs"
    known = _names(folder)
    runs = run_records(folder)
    keep = to_keep(runs, keep_runs, _linked(folder, known))
    found, done = entries(store), GcResult(notes=list(keep.notes))
    for entry in found:
        if needed(entry, keep):
            continue
        fate = "removed" if dry_run else take_away(store, entry, folder, known)
        if fate == "run started":
            done.notes.append("a run has started meanwhile; collect again to remove the rest")
            break
        (done.removed if fate == "removed" else done.in_use).append(entry)
    for left in stale_temps(store, keep.going or not _names(folder) <= known):
        done.stale_temps.append(left)
        if not dry_run:
            shutil.rmtree(left.folder, ignore_errors=True)
    if not dry_run:
        _remove_idle_locks(store)
    if with_runs:
        done.runs.extend(_old_runs(store, runs, keep, dry_run))
    gone = {entry.folder for entry in done.removed}
    stays = [entry.bytes for entry in found if entry.folder not in gone]
    return replace(done, kept_artifacts=len(stays), kept_bytes=sum(stays))


def needed(entry: Entry, keep: RetentionPolicy) -> bool:
    """Whether an artifact must stay."""
    if keep.everything or (entry.stage, entry.key) in keep.used:
        return True
    if entry.made_seconds >= keep.since_seconds:
        return True
    if entry.manifest is None:
        return keep.going
    return entry.manifest["fingerprint"] in keep.fingerprints


def take_away(store: Path, entry: Entry, runs: Path, known: frozenset[str]) -> GcOutcome:
    """Take one artifact away under its step's lock, unless somebody has come to need it.

    Parameters
    ----------
    runs : the folder of the runs.
    known : the names that lay in it when it was decided what to keep.
    """
    with held_at_once(store, entry.stage, entry.key) as held:
        now = entry_of(entry.folder) if held else None
        if now is None or now.made_seconds != entry.made_seconds:
            return "in use"
        if not _names(runs) <= known:
            return "run started"
        aside = store / ".making" / f"{entry.stage}-{entry.key}-gc{secrets.token_hex(4)}"
        _renamed(entry.folder, aside)
        # a run that found the artifact had its folder by then, so it is seen now at the latest
        if not _names(runs) <= known:
            _renamed(aside, entry.folder)
            return "run started"
        shutil.rmtree(aside, ignore_errors=True)
        return "removed"


def _kept(runs: list[RunRecord], keep_runs: int, linked: frozenset[str]) -> list[RunRecord]:
    """The runs to keep; ``runs`` come newest first."""
    counts: dict[tuple[str, str], int] = {}
    completed: set[tuple[str, str]] = set()
    kept = []
    for run in runs:
        counts[run.title] = counts.get(run.title, 0) + 1
        last = run.state == "completed" and run.title not in completed
        if last:
            completed.add(run.title)
        needed_anyway = last or run.state == "running" or run.run_id in linked
        if needed_anyway or counts[run.title] <= keep_runs:
            kept.append(run)
    return kept


def _old_runs(
    store: Path, runs: list[RunRecord], keep: RetentionPolicy, dry_run: bool
) -> list[StaleTemp]:
    """Remove the folders of the runs that are not kept, each in one rename first."""
    found = []
    for run in runs:
        if run.run_id in keep.runs:
            continue
        found.append(StaleTemp(run.folder, bytes_under(run.folder)))
        if not dry_run:
            aside = store / ".making" / f"run-{run.run_id}-{secrets.token_hex(4)}"
            _renamed(run.folder, aside)
            shutil.rmtree(aside, ignore_errors=True)
    return found


def _remove_idle_locks(store: Path) -> None:
    """Remove the lock files of steps that have no artifact and that nobody holds or awaits.

    Whoever opened the file meanwhile finds it without a name once he holds it, and starts anew.
    """
    for path in sorted((store / ".locks").glob("*")):
        stage, _, key = path.name.rpartition("-")
        if not (store / stage / key).exists():
            with held_at_once(store, stage, key) as held:
                if held:
                    path.unlink(missing_ok=True)


def _renamed(folder: Path, name: Path) -> None:
    try:
        name.parent.mkdir(parents=True, exist_ok=True)
        os.rename(folder, name)
    except OSError as error:
        raise StoreError(f"{folder} cannot be removed ({error.strerror}).") from None


def _names(runs: Path) -> frozenset[str]:
    """What lies in the folder of the runs; a name that was not there is a run that started."""
    try:
        return frozenset(name for name in os.listdir(runs) if not name.startswith("."))
    except FileNotFoundError:
        return frozenset()


def _linked(runs: Path, names: frozenset[str]) -> frozenset[str]:
    """Ids of the runs that links point at."""
    return frozenset((runs / name).readlink().name for name in names if (runs / name).is_symlink())


def _claims(folder: Path) -> frozenset[str] | None:
    """The fingerprints that a run may use; None where it has not said."""
    try:
        said = json.loads((folder / CLAIMS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        return None
    return frozenset(said)
