"""What the last run kept of its keys, for a plan to give reasons with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LastRun:
    """The last run of the same configuration and data.

    Attributes
    ----------
    fingerprints, keys : by the nodes' history keys; empty for a first run.
    version : of reviewflow, where there was such a run.
    other_runs : whether, without one, the job has runs of other configurations or data.
    """

    fingerprints: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, frozenset[str]]
    version: str | None = None
    other_runs: bool = False
