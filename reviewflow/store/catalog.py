"""List the artifacts of a store, complete or damaged.

Used by ``store ls``, ``verify`` and ``gc``.

    store/<stage>/<key>/manifest.json ─▶ Entry (manifest, or what is wrong with it)
    store/.making/<stage>-<key>-…     ─▶ StaleTemp, once the lock of its step is free

Manifests of version 0.1 are read as well: they call the fingerprint ``recipe`` and the key's parts
``parts``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviewflow.errors import StoreError
from reviewflow.store.artifacts import MANIFEST, TEMPORARY
from reviewflow.store.locks import is_locked, lock_path

STEP_FOLDER = re.compile(r"(?P<stage>[a-z_]+)-(?P<key>[0-9a-f]{16,64})-")


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
        """Stage and the beginning of the key, as people are shown it."""
        return f"{self.stage}/{self.key[:8]}…"

    @property
    def fingerprint(self) -> str | None:
        """Digest of the step's fingerprint, or None without a manifest."""
        return None if self.manifest is None else _fingerprint(self.manifest)


@dataclass(frozen=True)
class StaleTemp:
    """A temporary folder whose process has ended."""

    folder: Path
    bytes: int


def entries(store: Path, order: Sequence[str] = ()) -> list[Entry]:
    """Return every artifact's folder, by stage and the newest first.

    Parameters
    ----------
    order : names of stages in the order wanted; all others follow by name.

    Raises
    ------
    StoreError : if the store's folder cannot be read.
    """
    try:
        read = [read_entry(folder) for stage in _folders(store) for folder in _folders(stage)]
    except OSError as error:
        raise StoreError(f"The store {store} cannot be read ({error.strerror}).") from None
    positions = {name: position for position, name in enumerate(order)}
    return sorted(
        (entry for entry in read if entry is not None),
        key=lambda entry: (
            positions.get(entry.stage, len(positions)),
            entry.stage,
            -entry.made_seconds,
            entry.key,
        ),
    )


def read_entry(folder: Path) -> Entry | None:
    """Return an artifact's folder as it is now, or None if it is gone."""
    manifest, trouble = read_manifest(folder)
    try:
        dated = folder if manifest is None else folder / MANIFEST
        made_seconds = dated.stat().st_mtime
    except OSError:
        return None
    return Entry(
        folder.parent.name,
        folder.name,
        folder,
        folder_bytes(folder),
        made_seconds,
        manifest,
        trouble,
    )


def read_manifest(folder: Path) -> tuple[Mapping[str, Any] | None, str | None]:
    """Return a folder's manifest, or else what is wrong with it, in words."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None, "has no manifest"
    except (OSError, ValueError, RecursionError):
        return None, "has a garbled manifest"
    if not _is_well_formed(manifest):
        return None, "has a garbled manifest"
    if (manifest["stage"], manifest["key"]) != (folder.parent.name, folder.name):
        return None, "has another step's manifest"
    return manifest, None


def stale_temps(store: Path, run_going: bool) -> list[StaleTemp]:
    """Return the temporary folders that no process works on any more.

    Parameters
    ----------
    run_going : whether any run is going. A folder that is not named after a step may be its own.
    """
    stale = []
    for folder in _folders(store / TEMPORARY):
        step = STEP_FOLDER.match(folder.name)
        in_use = is_locked(lock_path(store, step["stage"], step["key"])) if step else run_going
        if not in_use and folder.exists():
            stale.append(StaleTemp(folder, folder_bytes(folder)))
    return stale


def folder_bytes(folder: Path) -> int:
    """Return the size of all files under a folder, as far as they exist."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                continue
    return total


def _folders(parent: Path) -> list[Path]:
    """Return the folders in a folder by name, without hidden ones."""
    try:
        with os.scandir(parent) as inside:
            names = [
                entry.name
                for entry in inside
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []
    return [parent / name for name in sorted(names)]


def _fingerprint(manifest: Mapping[str, Any]) -> Any:
    """Return the fingerprint's digest, which version 0.1 calls ``recipe``."""
    return manifest.get("fingerprint", manifest.get("recipe"))


def _is_well_formed(manifest: Any) -> bool:
    """Return whether a manifest has every field, each of its kind."""
    if not isinstance(manifest, dict):
        return False
    files, digests = manifest.get("files"), manifest.get("digests")
    if not (isinstance(files, dict) and isinstance(digests, dict)):
        return False
    texts = (manifest.get("stage"), manifest.get("key"), _fingerprint(manifest))
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(digest, str) for digest in digests.values())
        and all(is_inside(name) and _is_file_entry(entry) for name, entry in files.items())
    )


def is_inside(name: str) -> bool:
    """Return whether a file's name stays inside its artifact's folder."""
    parts = Path(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\x00" not in name


def _is_file_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and type(entry.get("bytes")) is int
        and isinstance(entry.get("sha256"), str)
    )
