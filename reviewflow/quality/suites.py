"""Read suites of expectations strictly from YAML that people edit.

    reviews.yaml ─ strict YAML ─ known types, columns, severities? ─▶ Suite

Great Expectations drops an unknown entry with no more than a log line, and an empty suite passes
everything. So every entry is checked here before it is used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reviewflow.config.strict_yaml import parse_yaml
from reviewflow.errors import ConfigError, error_line
from reviewflow.formatting import nearest
from reviewflow.quality.conditions import gallery_arguments, parse_condition
from reviewflow.quality.library import expectation_class, expectation_types
from reviewflow.quality.limits import Limit, read_limit

SEVERITIES = ("error", "warning")
ENTRY_KEYS = ("type", "kwargs", "severity", "meta", "notes")
META_KEYS = ("frame", "limit")
SUITE_KEYS = ("name", "expectations")
FIXED = ("minimum", "maximum")  # columns of the features whose range nobody may change by a limit
RESERVED_KWARGS = (
    "id",
    "meta",
    "notes",
    "severity",
    "result_format",
    "catch_exceptions",
    "rendered_content",
    "batch_id",
    "windows",
    "condition_parser",
)


@dataclass(frozen=True)
class Expectation:
    """One entry of a suite.

    Attributes
    ----------
    type : name in Great Expectations' gallery (``expect_column_values_to_be_between``).
    kwargs : its arguments, as in the gallery. They are not changed after reading.
    severity : ``error`` stops the run, ``warning`` goes into the report.
    frame : the frame that it checks (``rows``, ``labels``, ``features``, ``parts``).
    notes : what it is for, shown to people with a failure. May be empty.
    limit : the number that ``validate.limits`` may change, if it has a name.
    """

    type: str
    kwargs: dict[str, Any]
    severity: str
    frame: str
    notes: str
    limit: Limit | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names, in the order of its arguments."""
        return named_columns(self.kwargs)


@dataclass(frozen=True)
class Suite:
    """A named list of expectations in the order of the file. Never empty."""

    name: str
    path: str
    expectations: tuple[Expectation, ...]


def read_suite(path: Path, frames: Mapping[str, tuple[str, ...]]) -> Suite:
    """Return the suite in a YAML file, with every entry checked.

    Parameters
    ----------
    path : the YAML file.
    frames : the columns of each frame that an expectation of this suite may check.

    Raises
    ------
    ConfigError
        If the file cannot be read, holds no expectations, or an entry has an unknown key, type,
        severity, frame or column, or arguments that Great Expectations refuses. The message
        suggests the nearest known name.
    """
    content = _content(path)
    _check_keys(content, SUITE_KEYS, f"{path}: the suite")
    name = content.get("name", path.stem)
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"{path}: name must be a word, not {name!r}.")
    entries = content.get("expectations")
    if not isinstance(entries, list) or not entries:
        raise ConfigError(
            f"{path}: the suite {name!r} holds no expectations and would pass anything; "
            "list at least one under expectations:."
        )
    read = (
        _expectation(entry, f"{path}: expectation {number}", frames)
        for number, entry in enumerate(entries, start=1)
    )
    return Suite(name=name, path=str(path), expectations=tuple(read))


def with_limits(suite: Suite, limits: Mapping[str, float]) -> Suite:
    """Return a suite with other limits.

    Names that it does not give are ignored.

    Raises
    ------
    ConfigError
        If a limit may not have its value.
    """
    expectations = tuple(_with_limit(one, limits, suite.path) for one in suite.expectations)
    return replace(suite, expectations=expectations)


def named_columns(kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that the arguments of an expectation name."""
    single = [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
    several = kwargs.get("column_list", [])
    return tuple(str(column) for column in [*single, *(several if _is_list(several) else [])])


def _content(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file of limited size, without cycles."""
    try:
        content = parse_yaml(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            f"There is no suite of expectations at {path}; check the path under validate:."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"The suite {path} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise ConfigError(f"The suite {path} cannot be read: {reason}.") from None
    except ValueError as error:
        raise ConfigError(f"The suite {path} {error}.") from None
    if content is None:
        raise ConfigError(f"The suite {path} is empty; list at least one under expectations:.")
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path} must hold name: and expectations:, not {type(content).__name__}."
        )
    return content


def _expectation(entry: object, where: str, frames: Mapping[str, tuple[str, ...]]) -> Expectation:
    if not isinstance(entry, dict):
        raise ConfigError(f"{where} must have type: and kwargs:, not {_short(entry)}.")
    _check_keys(entry, ENTRY_KEYS, where)
    type_ = entry.get("type")
    if not isinstance(type_, str):
        raise ConfigError(f"{where} has no type:; name one of Great Expectations' expectations.")
    where = f"{where} ({_short(type_)})"
    _check_word(type_, expectation_types(), where, "is not an expectation of Great Expectations")
    severity = entry.get("severity", "error")
    _check_word(severity, SEVERITIES, where, f"has the unknown severity {_short(severity)}")
    meta = entry.get("meta") or {}
    if not isinstance(meta, dict):
        raise ConfigError(f"{where}: meta must be like {{frame: rows}}, not {_short(meta)}.")
    _check_keys(meta, META_KEYS, f"{where}: meta")
    frame = meta.get("frame", "rows")
    _check_word(frame, tuple(frames), where, f"looks at the unknown frame {_short(frame)}")
    kwargs = _arguments(entry.get("kwargs"), where, frames[frame], frame)
    _check_kwargs(type_, kwargs, where)
    limit = read_limit(meta.get("limit"), kwargs, where)
    if limit is not None and frame == "features" and set(named_columns(kwargs)) & set(FIXED):
        raise ConfigError(f"{where}: the range of the features has no limit to change; remove it.")
    notes = entry.get("notes") or ""
    if not isinstance(notes, str):
        raise ConfigError(f"{where}: notes must be text, not {_short(notes)}.")
    return Expectation(type_, kwargs, severity, frame, " ".join(notes.split()), limit)


def _with_limit(expectation: Expectation, limits: Mapping[str, float], path: str) -> Expectation:
    limit = expectation.limit
    if limit is None or limit.name not in limits:
        return expectation
    value = limits[limit.name]
    kwargs = limit.replace_in(expectation.kwargs, value, path)
    where = f"{path}: {expectation.type} with validate.limits.{limit.name}: {value:g}"
    _check_order(kwargs, where)
    _check_kwargs(expectation.type, kwargs, where)
    return replace(expectation, kwargs=kwargs, limit=replace(limit, value=value))


def _arguments(given: object, where: str, columns: tuple[str, ...], frame: str) -> dict[str, Any]:
    """Return the kwargs of an entry, with columns and limits checked."""
    kwargs = {} if given is None else given
    if not isinstance(kwargs, dict) or not all(isinstance(key, str) for key in kwargs):
        raise ConfigError(f"{where}: kwargs must be names with values, not {_short(given)}.")
    for key in kwargs:
        if key in RESERVED_KWARGS:
            raise ConfigError(f"{where}: {key} has no place in kwargs; leave it out.")
    for column in named_columns(kwargs):
        _check_word(
            column,
            columns,
            where,
            f"names {_short(column)}, which is not a column of frame {frame}",
        )
    _check_order(kwargs, where)
    for column in _condition_columns(kwargs.get("row_condition"), where):
        _check_word(
            column, columns, where, f"has a condition on {_short(column)}, which is not a column"
        )
    return dict(kwargs)


def _check_order(kwargs: Mapping[str, Any], where: str) -> None:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        raise ConfigError(f"{where}: min_value {low} is above max_value {high}; swap them.")


def _condition_columns(condition: object, where: str) -> tuple[str, ...]:
    if not isinstance(condition, str):
        return ()
    try:
        return tuple(column for column, _, _ in parse_condition(condition))
    except ValueError as error:
        raise ConfigError(f"{where}: row_condition {_short(condition)} {error}.") from None


def _check_kwargs(type_: str, kwargs: dict[str, Any], where: str) -> None:
    """Raise ConfigError if Great Expectations refuses the arguments."""
    class_ = expectation_class(type_)
    try:
        class_(**gallery_arguments(kwargs))
    except Exception as error:  # its checks raise all kinds of errors
        problems = error.errors() if hasattr(error, "errors") else []
        for problem in problems:
            key = str(problem["loc"][0])
            if problem["type"] == "value_error.extra":
                known = [name for name in class_.__fields__ if name not in RESERVED_KWARGS]
                raise ConfigError(f"{where} takes no {key!r}; {_hint(key, known)}") from None
        reasons = [f"{problem['loc'][0]}: {problem['msg']}" for problem in problems[:1]]
        reason = reasons[0].removeprefix("__root__: ") if reasons else error_line(error)
        raise ConfigError(f"{where} refuses its kwargs: {reason}.") from None


def _check_keys(mapping: dict[Any, Any], keys: tuple[str, ...], where: str) -> None:
    for key in mapping:
        _check_word(key, keys, where, f"has the unknown key {_short(key)}")


def _check_word(value: object, known: tuple[str, ...], where: str, complaint: str) -> None:
    if not isinstance(value, str) or value not in known:
        raise ConfigError(f"{where} {complaint}; {_hint(str(value)[:200], known)}")


def _hint(value: str, known: Iterable[str]) -> str:
    """Return the nearest known name, or all known names if they are few."""
    names = list(known)
    near = nearest(value, names, cutoff=0.6)
    if near:
        return f"did you mean {near!r}?"
    if len(names) > 12:
        return "its gallery lists them."
    return f"known are {', '.join(names)}."


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool) else type(value).__name__
    return text if len(text) <= 80 else f"{text[:77]}…"
