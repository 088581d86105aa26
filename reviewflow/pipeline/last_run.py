"""What the last run kept of its keys, for a plan to give reasons with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LastRun:
    """What the run before this one knew: fingerprints and keys by node label."""

    fingerprints: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, frozenset[str]]
