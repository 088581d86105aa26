"""The variants of a configuration: named changes, and every combination of a grid.

Config ─ variants, grid ─▶ {name: Config}
"""

from __future__ import annotations

import itertools
import math
from typing import Any

from reviewflow.config.loading import changed, shortened, validated
from reviewflow.config.sections import Config
from reviewflow.errors import ConfigError

VARIED_SECTIONS = ("normalize", "vectorize", "train")
MOST_VARIANTS = 1_000


def variant_configs(config: Config) -> dict[str, Config]:
    """The configuration of each variant, by name, in the order of the file.

    Raises
    ------
    ConfigError
        If a variant changes what it may not, or two are called the same.
    """
    return {name: _varied(config, name, change) for name, change in variant_changes(config).items()}


def variant_changes(config: Config) -> dict[str, dict[str, Any]]:
    """What each variant changes: those that are named first, then the grid's combinations.

    Without either there is one variant called ``default``.
    """
    changes = dict(config.variants)
    _check_grid(config)
    if config.grid:
        for values in itertools.product(*config.grid.values()):
            change = dict(zip(config.grid, values, strict=True))
            label = ", ".join(f"{key.partition('.')[2]} {value}" for key, value in change.items())
            if label in changes:
                raise ConfigError(
                    f"Two variants are called {label!r}; rename the one under variants:."
                )
            changes[label] = change
    return changes or {"default": {}}


def _check_grid(config: Config) -> None:
    """Refuse a grid that comes to nothing, to the same twice, or to more than is ever meant."""
    for key, values in config.grid.items():
        if not values:
            raise ConfigError(f"grid: {shortened(key)} lists no values; list some or remove it.")
        for place, value in enumerate(values):
            if value in values[:place]:
                raise ConfigError(
                    f"grid: {shortened(key)} lists {shortened(value)} twice; remove one."
                )
    count = len(config.variants) + math.prod(map(len, config.grid.values()))
    if count > MOST_VARIANTS:
        raise ConfigError(
            f"variants: and grid: make {count:,} variants, and {MOST_VARIANTS:,} is the most; "
            "list fewer values."
        )


def _varied(config: Config, name: str, change: dict[str, Any]) -> Config:
    content = config.model_dump(by_alias=True, exclude={"variants", "grid"})
    for key, value in change.items():
        section = key.partition(".")[0]
        if section not in VARIED_SECTIONS or "." not in key:
            raise ConfigError(
                f"Variant {shortened(name)} changes {shortened(key)}; a variant may change "
                f"{', '.join(f'{s}.…' for s in VARIED_SECTIONS)} only."
            )
        content = changed(content, key, value)
    return validated(Config, content, f"Variant {shortened(name)}")
