"""Say how files are scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reviewflow.config.sections import Ingest


@dataclass(frozen=True)
class ScoringOptions:
    """How files are scored.

    Attributes
    ----------
    ingest : text column, encoding, delimiter and quoting.
    model : name of the model; scores of another one do not count.
    prefix : of the names of the new columns.
    label_column : holds the true labels, for the accuracy on these rows.
    suite : expectations that a file must meet.
    limits : of the suite, to change.
    rescore : score again what another model has scored.
    settle_seconds : files changed since then are left for later.
    waits : whether to wait for another process that scores the same file.
    """

    ingest: Ingest
    model: str = ""
    prefix: str = ""
    label_column: str | None = None
    suite: Path | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    rescore: bool = False
    settle_seconds: float = 0.0
    waits: bool = False

    def settings(self) -> dict[str, Any]:
        """Return what shapes the scores and their record, beside input and model."""
        names = {"text_column", "encoding", "delimiter", "quoting"}
        return {
            **self.ingest.model_dump(include=names),
            "model": self.model,
            "prefix": self.prefix,
            "label_column": self.label_column,
        }
