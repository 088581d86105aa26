"""Read the configuration of the sentiment job and validate it once.

imdb.yaml ─▶ read_config ─▶ Config ─┬─ sections
                                    └─ variant_configs: {name: Config}
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field

from reviewflow.config.loading import quote, read_content, validate_model
from reviewflow.config.sections import (
    Ingest,
    JobConfig,
    Normalize,
    Notify,
    Report,
    Split,
    Train,
    Validate,
    Vectorize,
)
from reviewflow.config.variants import apply_variant, list_variants


class Config(JobConfig):
    """The whole configuration of the sentiment job."""

    ingest: Ingest = Ingest()
    split: Split = Split()
    validate_: Validate = Field(Validate(), alias="validate")
    normalize: Normalize = Normalize()
    vectorize: Vectorize = Vectorize()
    train: Train = Train()
    variants: dict[str, dict[str, Any]] = Field({}, description="Changes by variant name")
    grid: dict[str, tuple[Any, ...]] = Field({}, description="Every combination is a variant")
    report: Report = Report()
    notify: Notify = Notify()

    @cached_property
    def variant_changes(self) -> Mapping[str, dict[str, Any]]:
        """What each variant changes, by name.

        Raises
        ------
        ConfigError
            If the grid is unusable, or two variants have the same name.
        """
        return list_variants(self.variants, self.grid)

    @cached_property
    def variant_configs(self) -> Mapping[str, Config]:
        """The configuration of each variant, by name, in the order of the file.

        Raises
        ------
        ConfigError
            As for `variant_changes`, or if a variant changes what it may not.
        """
        content = self.model_dump(by_alias=True, exclude={"variants", "grid"})
        return {
            name: validate_model(
                Config, apply_variant(content, name, changes), f"Variant {quote(name)}"
            )
            for name, changes in self.variant_changes.items()
        }


def read_config(path: Path, changes: tuple[str, ...] = ()) -> Config:
    """Read a YAML file, apply ``section.key=value`` changes, and validate.

    Raises
    ------
    ConfigError
        If the file is missing, is not YAML, or holds an unknown key or a bad value.
    """
    return validate_config(read_content(path, changes), str(path))


def validate_config(content: Mapping[str, Any], where: str) -> Config:
    """Return the typed configuration, every variant of it validated as well.

    Raises
    ------
    ConfigError
        If there are mistakes; the message names `where` they are.
    """
    config = validate_model(Config, content, where)
    _ = config.variant_configs  # raises where a variant is wrong
    return config
