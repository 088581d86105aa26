"""What lies in the artifact store, whole or not: read with care, for people and for removal.

store/<stage>/<key>/manifest.json ─▶ Entry (manifest, or what is wrong with it)
store/.making/<stage>-<key>-…     ─▶ StaleTemp, once the lock of its maker is free
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from reviewflow.errors import StoreError
from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.sentiment import STAGES
from reviewflow.store.artifacts import MANIFEST

IN_THE_MAKING = re.compile(r"(?P<stage>[a-z_]+)-(?P<key>[0-9a-f]{16,64})-")


@dataclass(frozen=True)
class Entry:
    """One folder of the store that has the name of an artifact.

    Attributes
    ----------
    bytes : size on disk of all its files, pages for people included.
    made_seconds : when it got its name, in seconds since 1970.
    manifest : None where it is missing or garbled.
    trouble : what is wrong with the manifest, in words; None where it reads well.
    """

    stage: str
    key: str
    folder: Path
    bytes: int
    made_seconds: float
    manifest: Mapping[str, Any] | None
    trouble: str | None

    @property
    def name(self) -> str:
        """Stage and the key's beginning, as people are shown it."""
        return f"{self.stage}/{self.key[:8]}…"


@dataclass(frozen=True)
class StaleTemp:
    """A folder in the making whose maker is gone."""

    folder: Path
    bytes: int


def entries(store: Path) -> list[Entry]:
    """Every artifact's folder, by stage in the job's order, the newest first.

    Raises
    ------
    StoreError : if the store's folder cannot be read.
    """
    known = [stage.name for stage in STAGES + MOONS]
    found = []
    try:
        for stage in _folders(store):
            for folder in _folders(stage):
                entry = entry_of(folder)
                if entry is not None:
                    found.append(entry)
    except OSError as error:
        raise StoreError(f"The store {store} cannot be read ({error.strerror}).") from None

    def place(entry: Entry) -> tuple[int, str, float, str]:
        number = known.index(entry.stage) if entry.stage in known else len(known)
        return number, entry.stage, -entry.made_seconds, entry.key

    return sorted(found, key=place)


def entry_of(folder: Path) -> Entry | None:
    """One artifact's folder as it is now; None if it went away meanwhile."""
    manifest, trouble = manifest_in(folder)
    try:
        dated = folder if manifest is None else folder / MANIFEST
        made_seconds = dated.stat().st_mtime
    except OSError:
        return None
    return Entry(
        folder.parent.name,
        folder.name,
        folder,
        bytes_under(folder),
        made_seconds,
        manifest,
        trouble,
    )


def manifest_in(folder: Path) -> tuple[Mapping[str, Any] | None, str | None]:
    """The manifest of a folder if it can be relied on, or else what is wrong, in words."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None, "has no manifest"
    except (OSError, ValueError):
        return None, "has a garbled manifest"
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError):
        return None, "has a garbled manifest"
    if not _well_formed(manifest):
        return None, "has a garbled manifest"
    if (manifest["stage"], manifest["key"]) != (folder.parent.name, folder.name):
        return None, "has another step's manifest"
    return manifest, None


def stale_temps(store: Path, run_going: bool) -> list[StaleTemp]:
    """Folders in the making that nobody works on any more.

    Parameters
    ----------
    run_going : whether any run is going; then a folder without a step's name may be its own.
    """
    found = []
    for folder in _folders(store / ".making"):
        named = IN_THE_MAKING.match(folder.name)
        gone = _is_free(store, named["stage"], named["key"]) if named else not run_going
        if gone and folder.exists():
            found.append(StaleTemp(folder, bytes_under(folder)))
    return found


@contextmanager
def held_at_once(store: Path, stage: str, key: str) -> Iterator[bool]:
    """Hold a step's lock (the one of ``Store.lock``) without waiting; gives whether it is held."""
    lock = FileLock(
        store / ".locks" / f"{stage}-{key}", timeout=0, thread_local=False, is_singleton=False
    )
    try:
        (store / ".locks").mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        yield False
        return
    except OSError as error:
        raise StoreError(
            f"The artifacts folder {store} cannot be written ({error.strerror})."
        ) from None
    try:
        yield True
    finally:
        lock.release()


def bytes_under(folder: Path) -> int:
    """Size of all files under a folder; what goes away meanwhile counts nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                continue
    return total


def _is_free(store: Path, stage: str, key: str) -> bool:
    """Whether nobody holds a step's lock; makes no lock file where there is none."""
    if not (store / ".locks" / f"{stage}-{key}").exists():
        return True
    try:
        with held_at_once(store, stage, key) as held:
            return held
    except StoreError:
        return False


def _folders(parent: Path) -> list[Path]:
    """The folders in a folder, by name; hidden ones (names in the making, locks) left out."""
    try:
        with os.scandir(parent) as found:
            names = [
                entry.name
                for entry in found
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []
    return [parent / name for name in sorted(names)]


def _well_formed(manifest: Any) -> bool:
    """Whether a manifest has every field that is read of it, of the kind that is expected."""
    if not isinstance(manifest, dict):
        return False
    files, digests = manifest.get("files"), manifest.get("digests")
    if not (isinstance(files, dict) and isinstance(digests, dict)):
        return False
    return (
        all(isinstance(manifest.get(name), str) for name in ("stage", "key", "fingerprint"))
        and all(isinstance(digest, str) for digest in digests.values())
        and all(_within(name) and _described(entry) for name, entry in files.items())
    )


def _within(name: str) -> bool:
    """Whether a file's name stays inside its artifact."""
    parts = Path(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\x00" not in name


def _described(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and type(entry.get("bytes")) is int
        and isinstance(entry.get("sha256"), str)
    )
