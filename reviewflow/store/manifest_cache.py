"""Remember what manifests say, in one SQLite file.

manifest.json ─ size and times ─┬─ as they were ─▶ its fields from the file of all manifests
                                └─ others ───────▶ read, checked, and remembered

A plan of 100,000 steps would read as many small files. The cache holds what a plan and a run use of
them. It only saves time: without it, or where it cannot be read, the manifests are read.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from reviewflow.store.hashing import digest_of

SETTLED_NANOSECONDS = 2_000_000_000  # above what any file system rounds its times to

# the table has a number, to be raised for other fields
CREATE = """CREATE TABLE IF NOT EXISTS manifests_1 (
    stage TEXT, key TEXT, bytes INTEGER, changed INTEGER, inode_changed INTEGER, fields TEXT,
    PRIMARY KEY (stage, key)
) WITHOUT ROWID"""
INSERT = "INSERT OR REPLACE INTO manifests_1 VALUES (?, ?, ?, ?, ?, ?)"
SELECT = "SELECT key, bytes, changed, inode_changed, fields FROM manifests_1 WHERE stage = ?"

Stamp = tuple[int, int, int]  # bytes, and the times of the last change of content and of inode
FileEntry = tuple[int, str, int]  # bytes, SHA-256, time of the last change in nanoseconds


class ManifestFields(NamedTuple):
    """What a plan and a run use of a manifest.

    Attributes
    ----------
    files : the data files by name.
    """

    key: str
    digests: Mapping[str, str]
    figures: Mapping[str, Any]
    files: Mapping[str, FileEntry]
    seconds: float
    cpu_seconds: float

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> ManifestFields:
        """Return the fields of a manifest.

        Raises
        ------
        AttributeError, KeyError, TypeError, ValueError : if it lacks one.
        """
        files = {
            name: (int(entry["bytes"]), str(entry["sha256"]), int(entry["mtime_ns"]))
            for name, entry in manifest["files"].items()
        }
        return cls(
            manifest["key"],
            dict(manifest["digests"]),
            dict(manifest["figures"]),
            files,
            manifest["seconds"],
            manifest["cpu_seconds"],
        )

    @classmethod
    def of_sealed(cls, manifest: dict[str, Any]) -> ManifestFields:
        """Return the fields of a manifest that is as it was written.

        Raises
        ------
        AttributeError, KeyError, TypeError, ValueError : if it is not.
        """
        seal = manifest.pop("manifest_digest")
        if seal != digest_of(manifest):
            raise ValueError("the manifest has another digest than it says")
        return cls.of(manifest)


class ManifestCache:
    """The fields of manifests by stage and key.

    Threads and processes may share its file.

    Parameters
    ----------
    path : of the file. Its folder is created when something is first kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, dict[str, tuple[Stamp, str]]] = {}
        self._new: dict[tuple[str, str], tuple[Stamp, str]] = {}
        self._lock = Lock()

    def find(self, stage: str, key: str, stamp: Stamp) -> ManifestFields | None:
        """Return the fields of a manifest with this stamp, None if unknown.

        The rows of a stage are read at once, which takes a fifth of the time. Each is freed when it
        has been asked for.
        """
        with self._lock:
            if stage not in self._rows:
                self._rows[stage] = self._read(stage)
            row = self._rows[stage].pop(key, None)
        if row is None or row[0] != stamp:
            return None
        return ManifestFields(*json.loads(row[1]))

    def add(self, stage: str, key: str, stamp: Stamp, fields: ManifestFields) -> None:
        """Remember the fields of a manifest, until ``keep`` writes them down.

        A manifest that was written a moment ago could change without another stamp.
        """
        if time.time_ns() - max(stamp[1:]) > SETTLED_NANOSECONDS:
            with self._lock:
                self._new[stage, key] = stamp, json.dumps(fields, separators=(",", ":"))

    def keep(self) -> None:
        """Write down what was added. Where that is impossible, it is forgotten."""
        with self._lock:
            new, self._new, self._rows = self._new, {}, {}
            if not new:
                return
            rows = [(stage, key, *stamp, text) for (stage, key), (stamp, text) in new.items()]
            with suppress(sqlite3.Error, OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with closing(sqlite3.connect(self.path)) as connection, connection:
                    connection.execute(CREATE)
                    connection.executemany(INSERT, rows)

    def _read(self, stage: str) -> dict[str, tuple[Stamp, str]]:
        """Return what is kept of a stage, nothing where it cannot be read."""
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True)) as connection:
                rows = connection.execute(SELECT, (stage,))
                return {key: ((size, one, two), text) for key, size, one, two, text in rows}
        except sqlite3.Error:
            return {}


def stamp_of(path: str) -> Stamp:
    """Return the size and the times of a file."""
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
