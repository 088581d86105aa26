"""Configuration files: YAML and ``--set`` changes become a typed model, or one sentence.

YAML file ─┐
           ├─ merge ─ validate ─▶ model
--set a=b ─┘
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from reviewflow.config.strict_yaml import plain_values
from reviewflow.errors import ConfigError

MESSAGES = {
    "model_type": "must be a section with keys",
    "dict_type": "must hold names with values",
    "invalid_key": "names must be text; put them in quotes",
}
SHOWN_MISTAKES = 5

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises ConfigError if there is none."""
    try:
        content = plain_values(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"There is no configuration file {path}; check the path.") from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a directory; name a YAML file with --config.") from None
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise ConfigError(f"The configuration file {path} cannot be read: {reason}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except ValueError as error:
        raise ConfigError(f"{path} {error}.") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path} must hold sections (ingest:, train:, …), not a {type(content).__name__}."
        )
    return content


def with_changes(content: dict[str, Any], changes: tuple[str, ...]) -> dict[str, Any]:
    """A copy with each ``section.key=value`` applied; raises ConfigError if one is malformed."""
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals or "." not in name:
            raise ConfigError(f"--set {shortened(change)} must look like section.key=value.")
        try:
            value = plain_values(text)
        except ValueError as error:
            raise ConfigError(f"--set {shortened(change)}: the value {error}.") from None
        content = changed(content, name, value)
    return content


def changed(content: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """A copy of ``content`` in which ``section.key`` has another value."""
    section, _, key = name.partition(".")
    inner = content.get(section) or {}
    if not isinstance(inner, dict):
        raise ConfigError(f"{section} must be a section with keys, not {shortened(inner)}.")
    return {**content, section: {**inner, key: value}}


def validated(model: type[Model], content: dict[str, Any], where: str) -> Model:
    """The typed configuration; raises ConfigError with one sentence a mistake."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = error.errors()
        inner = {piece["loc"][:depth] for piece in problems for depth in range(len(piece["loc"]))}
        told = list(
            dict.fromkeys(
                _sentence(problem, model) for problem in problems if problem["loc"] not in inner
            )
        )
        more = len(told) - SHOWN_MISTAKES
        end = [f"And {more:,} more of the kind."] if more > 0 else []
        raise ConfigError(f"{where}: {' '.join(told[:SHOWN_MISTAKES] + end)}") from None


def _sentence(problem: Any, model: type[BaseModel]) -> str:
    """One pydantic problem in words."""
    where = ".".join(str(piece)[:80] for piece in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = _known_keys(model, problem["loc"][:-1])
        key = str(problem["loc"][-1])
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}."
        return f"{where} is not a known setting; {hint}"
    message = MESSAGES.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    given = problem["input"]
    shown = "" if isinstance(given, dict | BaseModel) else f" (given: {shortened(given)})"
    return f"{where}: {message}{shown}."


def shortened(value: object) -> str:
    """A value as a configuration's reader knows it, in quotes, never longer than a line."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= 80 else f"{text[:79]}…")


def _known_keys(model: Any, location: tuple[Any, ...]) -> list[str]:
    for piece in location:
        field = model.model_fields.get(f"{piece}_" if piece == "validate" else piece)
        if field is None or not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return [field.alias or name for name, field in model.model_fields.items()]
