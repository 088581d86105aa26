"""Decide which runs repeat each other: one configuration on one data file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from reviewflow.runs.json_values import mapping


@dataclass(frozen=True)
class RunIdentity:
    """What runs share that are compared with one another.

    Attributes
    ----------
    job : ``sentiment`` or ``moons``.
    name : what the configuration is called: its file's name without the ending.
    config_file : path of the configuration file; None where it is not known (version 0.1 did not
        record it, and a form in Prefect's UI has none).
    data : ``ingest.path`` of the configuration, as JSON; None for a job without such a setting.
    """

    job: str
    name: str
    config_file: str | None = None
    data: Any = None

    def matches(self, other: RunIdentity) -> bool:
        """Return whether two runs repeat each other, by all that is known of both."""
        return (
            (self.job, self.name) == (other.job, other.name)
            and (None in (self.config_file, other.config_file)
                 or self.config_file == other.config_file)
            and (None in (self.data, other.data) or self.data == other.data)
        )  # fmt: skip


def run_identity(
    job: str, name: str, config: BaseModel, config_file: Path | str | None = None
) -> RunIdentity:
    """Return the identity of a run that is about to start."""
    section = config.model_dump(mode="json", by_alias=True, include={"ingest": {"path"}})
    resolved = None if config_file is None else str(Path(config_file).resolve())
    return RunIdentity(job, name, resolved, mapping(section.get("ingest")).get("path"))


def recorded_identity(content: Mapping[str, Any]) -> RunIdentity:
    """Return the identity of a run by its run.json."""
    config_file = content.get("config_file")
    return RunIdentity(
        str(content.get("job")),
        str(content.get("name")),
        config_file if isinstance(config_file, str) else None,
        mapping(mapping(content.get("config")).get("ingest")).get("path"),
    )
