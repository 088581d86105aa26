"""Turn a configuration file and ``--set`` options into a typed model.

YAML file ─┐
           ├─ merge ─ validate ─▶ model
--set a=b ─┘
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from reviewflow.config.shipped import find_file
from reviewflow.config.strict_yaml import parse_yaml
from reviewflow.config.urls import mask_secrets
from reviewflow.errors import ConfigError
from reviewflow.formatting import nearest

MESSAGES = {
    "model_type": "must be a section with keys",
    "dict_type": "must hold names with values",
    "tuple_type": "must be a list",
    "invalid_key": "names must be text; put them in quotes",
}
FOLLOWS = "default_factory_not_called"  # another setting of the section is wrong
SHOWN_MISTAKES = 5

Model = TypeVar("Model", bound=BaseModel)


def read_content(path: Path, changes: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read a YAML file, and apply ``section.key=value`` changes to it.

    Where there is no such file, the one that is shipped under its name is read.

    Raises
    ------
    ConfigError
        If the file cannot be read or holds no mapping, or a change is malformed.
    """
    return apply_changes(read_yaml(find_file(path)), changes)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read the mapping in a YAML file.

    Raises
    ------
    ConfigError
        If the file cannot be read or holds no mapping.
    """
    try:
        content = parse_yaml(path.read_text(encoding="utf-8-sig"))
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


def apply_changes(content: Mapping[str, Any], changes: tuple[str, ...]) -> dict[str, Any]:
    """Return a copy with each ``section.key=value`` applied.

    Raises
    ------
    ConfigError
        If a change is malformed.
    """
    result = dict(content)
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals or "." not in name:
            raise ConfigError(f"--set {quote(change)} must look like section.key=value.")
        try:
            value = parse_yaml(text)
        except ValueError as error:
            raise ConfigError(f"--set {quote(change)}: the value {error}.") from None
        result = set_value(result, name, value)
    return result


def set_value(content: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Return a copy in which ``section.key`` has another value.

    Raises
    ------
    ConfigError
        If the section is not a mapping.
    """
    section, _, key = name.partition(".")
    inner = content.get(section) or {}
    if not isinstance(inner, dict):
        raise ConfigError(f"{section} must be a section with keys, not {quote(inner)}.")
    return {**content, section: {**inner, key: value}}


def validate_model(model: type[Model], content: Mapping[str, Any], where: str) -> Model:
    """Return the typed configuration.

    Raises
    ------
    ConfigError
        If there are mistakes, one sentence for each; `where` opens the message.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [problem for problem in error.errors() if problem["type"] != FOLLOWS]
        inner = {piece["loc"][:depth] for piece in problems for depth in range(len(piece["loc"]))}
        sentences = list(
            dict.fromkeys(
                _sentence(problem, model) for problem in problems if problem["loc"] not in inner
            )
        )
        more = len(sentences) - SHOWN_MISTAKES
        end = [f"And {more:,} more of the kind."] if more > 0 else []
        raise ConfigError(f"{where}: {' '.join(sentences[:SHOWN_MISTAKES] + end)}") from None


def quote(value: object) -> str:
    """Return a value in quotes as the file holds it, never longer than a line.

    Credentials in URLs are left out.
    """
    text = mask_secrets(str(value))
    return repr(text if len(text) <= 80 else f"{text[:79]}…")


def _sentence(problem: Any, model: type[BaseModel]) -> str:
    """Describe one of pydantic's problems."""
    where = ".".join(mask_secrets(str(piece))[:80] for piece in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = _known_keys(model, problem["loc"][:-1])
        near = nearest(str(problem["loc"][-1]), known, cutoff=0.4)
        hint = f"did you mean {near!r}?" if near else f"known are {', '.join(known)}."
        return f"{where} is not a known setting; {hint}" if known else f"{where} is not known."
    message = MESSAGES.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    given = problem["input"]
    # a URL may hold credentials, of which no form is known
    is_shown = not isinstance(given, dict | BaseModel) and ":/" not in str(given)
    shown = f" (given: {quote(given)})" if is_shown else ""
    start = f"{where}: " if where else ""  # a section with itself at odds has no setting to name
    return f"{start}{message}{shown}."


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """Return the section that a field may hold, optional or not."""
    kinds = (annotation, *get_args(annotation))
    sections = (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return next(sections, None)


def _known_keys(model: Any, location: tuple[Any, ...]) -> list[str]:
    """Return the keys of a section, or nothing for what is inside a value."""
    for piece in location:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        field = fields.get(piece)
        model = None if field is None else _section_in(field.annotation)
        if model is None:
            return []
    return [field.alias or name for name, field in model.model_fields.items()]
