"""List variants: named changes, and combinations of a grid.

variants: {tanh: {train.activation: tanh}} ─┐
                                            ├─ list ─▶ {name: changes} ─ apply ─▶ content
grid: {train.batch_size: [16, 256]} ────────┘
  every combination, or as many random ones as search: asks for
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from random import Random
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from reviewflow.config.loading import quote, set_value
from reviewflow.errors import ConfigError

VARIED_SECTIONS = ("normalize", "vectorize", "train")
MOST_VARIANTS = 1_000
DRAWS_FOR_EACH = 100  # tries until a search has as many different combinations as it should

Changes = dict[str, Any]  # section.key: value

# The variants of a configuration that describes no model. An offset keeps common words, since the
# ratios of a few hundred rows are guesses.
DEFAULT_VARIANTS: Mapping[str, Changes] = MappingProxyType(
    {
        "linear": {"train.hidden": ()},
        "naive bayes": {
            "train.hidden": (),
            "train.term_scale": "naive_bayes",
            "train.term_scale_offset": 2.0,
        },
        "network": {},
    }
)


class Range(BaseModel):
    """Numbers between two ends, from which a search draws."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float = Field(description="Smallest number")
    high: float = Field(description="Largest number")
    scale: Literal["linear", "log"] = Field(
        "linear", description="Draw evenly between the ends, or between their logarithms"
    )

    @model_validator(mode="after")
    def _check_ends(self) -> Range:
        if self.low >= self.high:
            raise ValueError(f"low is {self.low:g} and high is {self.high:g}; low must be lower")
        if self.scale == "log" and self.low <= 0:
            raise ValueError("low must be above 0 where scale is log")
        return self

    def value_at(self, position: float) -> float:
        """Return the number at a position from 0 to 1, rounded to three digits.

        Between two whole numbers it is a whole number, whatever its digits.
        """
        if self.scale == "log":
            value = float(self.low * (self.high / self.low) ** position)
        else:
            value = self.low + (self.high - self.low) * position
        if self.low.is_integer() and self.high.is_integer():
            return round(value)
        return min(max(float(f"{value:.3g}"), self.low), self.high)


GridValues = Annotated[
    Annotated[tuple[Any, ...], Tag("list")] | Annotated[Range, Tag("range")],
    Discriminator(lambda value: "range" if isinstance(value, dict | Range) else "list"),
]


class Search(BaseModel):
    """How combinations of the grid are chosen.

    It is not a section, since Prefect's form, which has no grid, shows the sections.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    random: int | None = Field(
        None, ge=1, le=1000, description="Number of random combinations; without it, all of them"
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Seed of the draws")


def list_variants(
    variants: Mapping[str, Changes],
    grid: Mapping[str, GridValues],
    search: Search,
    describes_model: bool = True,
) -> dict[str, Changes]:
    """List what each variant changes, the named ones before the grid's.

    Without either, :data:`DEFAULT_VARIANTS` are trained, or one variant called ``default`` if the
    configuration describes a model of its own.

    Parameters
    ----------
    describes_model : whether the configuration has a section ``train``.

    Raises
    ------
    ConfigError
        If the grid is unusable, or two variants have the same name.
    """
    combinations = _combinations(grid, search, len(variants))
    listed = dict(variants)
    for values in combinations:
        changes = dict(zip(grid, values, strict=True))
        name = ", ".join(
            f"{key.partition('.')[2]} {_text(value)}" for key, value in changes.items()
        )
        if name in listed:
            raise ConfigError(f"Two variants are called {name!r}; rename the one under variants:.")
        listed[name] = changes
    if listed:
        return listed
    return {"default": {}} if describes_model else dict(DEFAULT_VARIANTS)


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


def _combinations(
    grid: Mapping[str, GridValues], search: Search, named: int
) -> Iterable[tuple[Any, ...]]:
    """Return the combinations of the grid that are variants."""
    lists = {key: values for key, values in grid.items() if isinstance(values, tuple)}
    _check_lists(lists)
    if search.random is not None:
        if not grid:
            raise ConfigError("search: draws from grid:, which is empty; list values there.")
        _check_count(named + search.random)
        return _drawn_combinations(grid, search.random, search.seed)
    for key in grid:
        if key not in lists:
            raise ConfigError(
                f"grid: {quote(key)} is a range, from which only a search draws; set "
                "search.random, or list values."
            )
    _check_count(named + (math.prod(map(len, lists.values())) if lists else 0))
    return itertools.product(*lists.values()) if lists else ()


def _drawn_combinations(
    grid: Mapping[str, GridValues], count: int, seed: int
) -> list[tuple[Any, ...]]:
    """Return up to ``count`` different combinations, in drawn order.

    Fewer are returned where the lists have no more, or where ranges are so narrow that the same
    numbers come again and again.
    """
    generator, drawn = Random(seed), dict[tuple[Any, ...], None]()
    for _ in range(DRAWS_FOR_EACH * count):
        if len(drawn) == count:
            break
        drawn[tuple(_draw(values, generator.random()) for values in grid.values())] = None
    return list(drawn)


def _text(value: Any) -> str:
    """Return a value as a name shows it: a tuple as the list that it was."""
    return str(list(value) if isinstance(value, tuple) else value)


def _draw(values: tuple[Any, ...] | Range, position: float) -> Any:
    """Return the value at a position from 0 to 1, a list as a tuple."""
    if isinstance(values, tuple):
        value = values[int(position * len(values))]
        return tuple(value) if isinstance(value, list) else value
    return values.value_at(position)


def _check_lists(lists: Mapping[str, tuple[Any, ...]]) -> None:
    """Refuse empty lists and repeated values."""
    for key, values in lists.items():
        if not values:
            raise ConfigError(f"grid: {quote(key)} lists no values; list some or remove it.")
        for place, value in enumerate(values):
            if value in values[:place]:
                raise ConfigError(f"grid: {quote(key)} lists {quote(value)} twice; remove one.")


def _check_count(count: int) -> None:
    if count > MOST_VARIANTS:
        raise ConfigError(
            f"variants: and grid: make {count:,} variants, and {MOST_VARIANTS:,} is the most; "
            "list fewer values."
        )
