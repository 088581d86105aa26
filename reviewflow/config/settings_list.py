"""List every setting of a configuration with its default and its bounds.

Config ─ JSON schema ─▶ list_settings ─┬─▶ reviewflow settings
                                       └─▶ settings_page ─▶ docs/settings.md
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reviewflow.config.sections import Config
from reviewflow.formatting import join_names

NAMES = re.compile(r"\^\((\w+(?:\|\w+)*)\)\$")  # a pattern that lists names
PAGE_HEAD = """\
# Settings

Every setting of a configuration, with its default. `reviewflow settings` prints this page's
content, `reviewflow settings train` one section of it, and `--json` gives it to programs. The form
in Prefect's UI has the same sentences. `--set SECTION.KEY=VALUE` changes one setting of a run.
"""


@dataclass(frozen=True)
class SettingInfo:
    """One setting.

    Attributes
    ----------
    name : in full, such as ``train.epochs``.
    default : as a plain value.
    values : which values it takes, in words.
    """

    name: str
    default: Any
    values: str
    description: str

    @property
    def section(self) -> str:
        """Return the section that holds it."""
        return self.name.partition(".")[0]

    @property
    def default_text(self) -> str:
        """Return the default as YAML writes it."""
        import yaml

        text = yaml.safe_dump(
            self.default, default_flow_style=True, sort_keys=False, width=math.inf
        )
        return text.strip().removesuffix("...").strip()


def list_settings() -> dict[str, tuple[str, tuple[SettingInfo, ...]]]:
    """Return a sentence and the settings of each section."""
    schema = Config.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    sections: dict[str, tuple[str, tuple[SettingInfo, ...]]] = {}
    for name, entry in schema["properties"].items():
        sentence = entry.get("description", "")
        if "$ref" in entry:
            sentence = _definition(entry, definitions)["description"].partition("\n")[0]
            settings = tuple(_inner_settings(name, entry, definitions))
        else:
            settings = (_setting(name, entry, definitions),)
        sections[name] = (sentence, settings)
    return sections


def _inner_settings(
    prefix: str, entry: Mapping[str, Any], definitions: Mapping[str, Any]
) -> Iterator[SettingInfo]:
    """Yield the settings within a section, those of sections within it too."""
    for name, inner in _definition(entry, definitions)["properties"].items():
        full = f"{prefix}.{name}"
        yield _setting(full, inner, definitions)
        for option in inner.get("anyOf", [inner]):
            if "$ref" in option:
                yield from _inner_settings(full, option, definitions)


def _definition(entry: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = definitions[entry["$ref"].rpartition("/")[2]]
    return found


def _setting(name: str, entry: Mapping[str, Any], definitions: Mapping[str, Any]) -> SettingInfo:
    values = _values(entry, definitions)
    return SettingInfo(name, entry.get("default"), values, entry.get("description", ""))


def _values(entry: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return which values a part of the schema allows, in words."""
    if "anyOf" in entry:
        return " or ".join(_values(option, definitions) for option in entry["anyOf"])
    if "$ref" in entry:
        return f"keys {join_names(list(_definition(entry, definitions)['properties']))}"
    if "enum" in entry:
        return ", ".join(entry["enum"])
    if "const" in entry:
        return str(entry["const"])
    kind = entry.get("type")
    if kind in ("integer", "number"):
        return f"{'whole number' if kind == 'integer' else 'number'}{_bounds(entry)}"
    if kind == "array":
        return _list_values(entry, definitions)
    if kind == "object":
        return _map_values(entry.get("additionalProperties"), definitions)
    if kind == "string":
        return _text_values(entry)
    return {"boolean": "true or false", "null": "null"}.get(str(kind), "any value")


def _map_values(inner: Any, definitions: Mapping[str, Any]) -> str:
    if isinstance(inner, dict) and inner.get("type", "object") != "object":
        return f"names with {_plural(_values(inner, definitions))}"
    return "names with values"


def _list_values(entry: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "prefixItems" in entry:
        inner = (_values(item, definitions) for item in entry["prefixItems"])
        return f"list of {len(entry['prefixItems'])} ({', '.join(inner)})"
    items = entry.get("items") or {}
    return f"list of {_plural(_values(items, definitions))}" if items else "list"


def _plural(values: str) -> str:
    return re.sub("number|text", lambda noun: f"{noun[0]}s", values, count=1)


def _text_values(entry: Mapping[str, Any]) -> str:
    if entry.get("maxLength") == 1:
        return "one character"
    listed = NAMES.fullmatch(entry.get("pattern", ""))
    return listed[1].replace("|", ", ") if listed else "text"


def _bounds(entry: Mapping[str, Any]) -> str:
    """Return the bounds of a number: `` from 0 to 1``, `` above 0``."""
    words = (
        (" from ", "minimum"),
        (" above ", "exclusiveMinimum"),
        (" to ", "maximum"),
        (" and below " if "exclusiveMinimum" in entry else " to below ", "exclusiveMaximum"),
    )
    return "".join(f"{word}{entry[bound]:,.10g}" for word, bound in words if bound in entry)


def settings_page() -> str:
    """Return docs/settings.md."""
    lines = [PAGE_HEAD]
    for name, (sentence, settings) in list_settings().items():
        lines += [f"## {name}\n", f"{sentence}.\n".replace("..", ".")]
        lines += ["| setting | default | values | meaning |", "| --- | --- | --- | --- |"]
        for each in settings:
            default = f"`{each.default_text}`".replace("|", "\\|")
            lines.append(f"| `{each.name}` | {default} | {each.values} | {each.description} |")
        lines.append("")
    return "\n".join(lines)
