"""Describe the last run's keys, with which a plan finds its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class LastRun:
    """The fingerprints and keys of a run.

    Attributes
    ----------
    fingerprints : the JSON of each node's fingerprint, by the node's history key.
    keys : the keys of each node's steps, by the node's history key.
    version : the version of reviewflow that the run was made with, such as ``0.2.0``.
    other_runs : whether there are runs of the same job with other configurations or data.
    versions : the version that a node's fingerprint is of, by its history key, where the run did
        not reach the node and kept what an earlier run knew of it.
    """

    fingerprints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    keys: Mapping[str, frozenset[str]] = field(default_factory=dict)
    version: str | None = None
    other_runs: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)

    def version_of(self, history_key: str) -> str | None:
        """Return the version of reviewflow that a fingerprint was made with."""
        return self.versions.get(history_key, self.version)
