"""Read the configuration of the sentiment job and validate it once.

imdb.yaml ─▶ read_config ─▶ Config ─┬─ sections
                                    └─ variant_configs: {name: Config}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reviewflow.config.loading import apply_changes, read_content, validate_model
from reviewflow.config.paths import resolve_paths
from reviewflow.config.sections import Config
from reviewflow.config.shipped import with_shipped_files


def read_config(path: Path, changes: tuple[str, ...] = ()) -> Config:
    """Read a YAML file, apply ``section.key=value`` changes, and validate.

    Paths in the file are relative to its folder, those in changes to the working directory.

    Raises
    ------
    ConfigError
        If the file is missing, is not YAML, or holds an unknown key or a bad value.
    """
    content = resolve_paths(read_content(path), path)
    return validate_config(apply_changes(content, changes), str(path))


def validate_config(content: Mapping[str, Any], where: str) -> Config:
    """Return the typed configuration, every variant of it validated as well.

    Raises
    ------
    ConfigError
        If there are mistakes; the message names `where` they are.
    """
    config = validate_model(Config, with_shipped_files(content), where)
    _ = config.variant_configs  # raises where a variant is wrong
    return config
