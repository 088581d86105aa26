"""List variants: named changes, and every combination of a grid.

variants: {tanh: {train.activation: tanh}} ─┐
                                            ├─ list ─▶ {name: changes} ─ apply ─▶ content
grid: {train.batch_size: [16, 256]} ────────┘
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

from reviewflow.config.loading import quote, set_value
from reviewflow.errors import ConfigError

VARIED_SECTIONS = ("normalize", "vectorize", "train")
MOST_VARIANTS = 1_000

Changes = dict[str, Any]  # section.key: value


def list_variants(
    variants: Mapping[str, Changes], grid: Mapping[str, tuple[Any, ...]]
) -> dict[str, Changes]:
    """List what each variant changes, the named ones before the grid's.

    Without either there is one variant called ``default``.

    Raises
    ------
    ConfigError
        If the grid is unusable, or two variants have the same name.
    """
    _check_grid(grid, len(variants))
    listed = dict(variants)
    for values in itertools.product(*grid.values()) if grid else ():
        changes = dict(zip(grid, values, strict=True))
        name = ", ".join(f"{key.partition('.')[2]} {value}" for key, value in changes.items())
        if name in listed:
            raise ConfigError(f"Two variants are called {name!r}; rename the one under variants:.")
        listed[name] = changes
    return listed or {"default": {}}


def apply_variant(content: Mapping[str, Any], name: str, changes: Changes) -> dict[str, Any]:
    """Return a copy of a configuration's content with a variant's changes.

    Raises
    ------
    ConfigError
        If the variant changes what it may not.
    """
    varied = dict(content)
    for key, value in changes.items():
        section = key.partition(".")[0]
        if section not in VARIED_SECTIONS or "." not in key:
            raise ConfigError(
                f"Variant {quote(name)} changes {quote(key)}; a variant may change "
                f"{', '.join(f'{s}.…' for s in VARIED_SECTIONS)} only."
            )
        varied = set_value(varied, key, value)
    return varied


def _check_grid(grid: Mapping[str, tuple[Any, ...]], named: int) -> None:
    """Refuse empty lists, repeated values and too many combinations."""
    for key, values in grid.items():
        if not values:
            raise ConfigError(f"grid: {quote(key)} lists no values; list some or remove it.")
        for place, value in enumerate(values):
            if value in values[:place]:
                raise ConfigError(f"grid: {quote(key)} lists {quote(value)} twice; remove one.")
    count = named + (math.prod(map(len, grid.values())) if grid else 0)
    if count > MOST_VARIANTS:
        raise ConfigError(
            f"variants: and grid: make {count:,} variants, and {MOST_VARIANTS:,} is the most; "
            "list fewer values."
        )
