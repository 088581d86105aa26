"""Change a limit of a suite by its name, without a copy of the suite.

suite.yaml, meta: {limit: min_rows} ─┐
                                     ├─▶ the expectation with min_value 10
validate.limits: {min_rows: 10} ─────┘
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviewflow.config.strict_yaml import parse_yaml
from reviewflow.errors import ConfigError
from reviewflow.formatting import nearest

BOUNDS = ("min_value", "max_value", "mostly", "value")
COMPLEMENT = "1 - mostly"  # the share of the rows that may fail, where mostly is that of the others
SHARE = "_share"  # the ending of names whose limit is a share
DIGITS = 12  # after which 1 - 0.9 is 0.1
EXAMPLE = "limit: {name: min_rows, argument: min_value}"


@dataclass(frozen=True)
class Limit:
    """The name of one number among the arguments of an expectation.

    Attributes
    ----------
    name : the key in ``validate.limits``.
    argument : the argument that it stands for, or ``1 - mostly``.
    value : the number as a person writes it under ``validate.limits``.
    """

    name: str
    argument: str
    value: float

    def replace_in(self, kwargs: Mapping[str, Any], value: float, where: str) -> dict[str, Any]:
        """Return the arguments with another value of the limit.

        Raises
        ------
        ConfigError
            If the value is not one that this limit may have.
        """
        setting = f"{where}: validate.limits.{self.name}: {value:g}"
        is_share = self.name.endswith(SHARE) or "mostly" in self.argument
        if is_share and not 0 <= value <= 1:
            raise ConfigError(f"{setting} must be a share from 0 to 1; 0.05 means 5 %.")
        if self.value >= 0 > value:
            raise ConfigError(f"{setting} must not be negative.")
        if self.argument == COMPLEMENT:
            return {**kwargs, "mostly": round(1 - value, DIGITS)}
        counts = isinstance(self.value, int) and not is_share
        if counts and not value.is_integer():
            raise ConfigError(f"{setting} must be a whole number, as {self.value} is.")
        return {**kwargs, self.argument: int(value) if counts else value}


def read_limit(given: object, kwargs: Mapping[str, Any], where: str) -> Limit | None:
    """Return the limit that ``meta: {limit: …}`` of an entry names.

    Parameters
    ----------
    given : a name, for the only bound among the arguments, or ``{name: …, argument: …}``.
    where : opens the message of an error.

    Raises
    ------
    ConfigError
        If it is anything else, or what it stands for is not a number.
    """
    if given is None:
        return None
    pair = {"name": given} if isinstance(given, str) else given
    if not isinstance(pair, dict) or not {"name"} <= pair.keys() <= {"name", "argument"}:
        raise ConfigError(f"{where}: limit must be a name, or like {EXAMPLE}.")
    name, argument = pair["name"], pair.get("argument")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigError(f"{where}: the name of a limit is in small letters, such as min_rows.")
    bounds = [bound for bound in BOUNDS if _is_number(kwargs.get(bound))]
    if argument is None:
        if len(bounds) != 1:
            found = " and ".join(bounds) or "none"
            raise ConfigError(
                f"{where}: limit {name} must stand for one of {', '.join(BOUNDS)}, and kwargs has "
                f"{found}; name it, as in {EXAMPLE}."
            )
        argument = bounds[0]
    if argument == COMPLEMENT:
        mostly = kwargs.get("mostly", 1)
        number: Any = round(1 - mostly, DIGITS) if _is_number(mostly) else None
    else:
        number = kwargs.get(argument) if isinstance(argument, str) else None
    if not _is_number(number):
        raise ConfigError(
            f"{where}: limit {name} stands for {argument}, which is not a number among the kwargs."
        )
    return Limit(name, str(argument), number)


def check_limit_names(
    limits: Mapping[str, float], suites: tuple[Path, ...], setting: str = "validate.limits"
) -> None:
    """Raise ConfigError if a limit has a name that no suite gives.

    A suite that cannot be read has no names. Validating it says why.
    """
    if not limits:
        return
    known = sorted({name for suite in suites for name in _names(suite)})
    for name in limits:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near!r}? Known are" if near else "known are"
            raise ConfigError(
                f"{setting}.{name} is not a limit of "
                f"{' or '.join(suite.name for suite in suites)}; "
                f"{hint} {', '.join(known) or 'none: name some by meta: {limit: NAME}'}."
            )


def _names(suite: Path) -> set[str]:
    """Return the names of the limits in a suite that may have mistakes."""
    try:
        content = parse_yaml(suite.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return set()
    entries = content.get("expectations") if isinstance(content, dict) else None
    listed = entries if isinstance(entries, list) else []
    metas = [entry.get("meta") for entry in listed if isinstance(entry, dict)]
    limits = [meta.get("limit") for meta in metas if isinstance(meta, dict)]
    names = [limit.get("name") if isinstance(limit, dict) else limit for limit in limits]
    return {name for name in names if isinstance(name, str)}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
