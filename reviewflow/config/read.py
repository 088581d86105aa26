"""Read the sentiment job's configuration from a file."""

from __future__ import annotations

from pathlib import Path

from reviewflow.config.loading import read_yaml, validated, with_changes
from reviewflow.config.sections import Config
from reviewflow.config.variants import variant_configs


def read_config(path: Path, changes: tuple[str, ...] = ()) -> Config:
    """The configuration in a YAML file with ``section.key=value`` changes on top.

    Raises
    ------
    ConfigError
        If the file is missing, is not YAML, or holds an unknown key or a bad value.
    """
    content = with_changes(read_yaml(path), changes)
    config = validated(Config, content, str(path))
    variant_configs(config)
    return config
