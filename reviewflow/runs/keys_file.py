"""Read keys.json: what the keys of a run's steps were made of, by label.

    {label: {"fingerprint": {stage, settings, files, facts, code, packages, resources},
             "keys": [key, …], "version": of an earlier run that alone reached the node}}

Version 0.1 calls the fingerprint ``recipe`` and its facts ``given``; both are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reviewflow.runs.json_values import mapping

KEYS_FILE = "keys.json"
PARTS = ("settings", "files", "facts", "code", "packages", "resources")


@dataclass(frozen=True)
class Keys:
    """The content of keys.json.

    Attributes
    ----------
    fingerprints, keys : by label; both are empty where the file is missing or garbled.
    of_first_version : whether version 0.1 wrote it, whose modules had other names.
    versions : the version of reviewflow, of what an earlier run knew, by label.
    """

    fingerprints: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, frozenset[str]]
    of_first_version: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)


def read_keys(folder: Path) -> Keys:
    """Return a run's keys.json, without entries that are not well-formed."""
    try:
        content = mapping(json.loads((folder / KEYS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        content = {}
    entries = {label: mapping(entry) for label, entry in content.items()}
    fingerprints, keys, versions = {}, {}, {}
    for label, entry in entries.items():
        fingerprint, own = _fingerprint(entry), entry.get("keys")
        if fingerprint is not None and isinstance(own, list):
            fingerprints[label] = fingerprint
            keys[label] = frozenset(key for key in own if isinstance(key, str))
            if isinstance(entry.get("version"), str):
                versions[label] = entry["version"]
    of_first_version = any("recipe" in entry for entry in entries.values())
    return Keys(fingerprints, keys, of_first_version, versions)


def _fingerprint(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return an entry's fingerprint under today's names, or None."""
    fingerprint = dict(mapping(entry.get("fingerprint", entry.get("recipe"))))
    if "given" in fingerprint:
        fingerprint["facts"] = fingerprint.pop("given")
    well_formed = all(isinstance(fingerprint.get(name), Mapping) for name in PARTS)
    return fingerprint if well_formed else None
