"""Name the columns that are read, and say what to do if one is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from reviewflow.errors import InputError
from reviewflow.formatting import nearest

SHOWN_COLUMNS = 12
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "text": "ingest.text_column",
        "label": "ingest.label_column",
        "split": "split.column",
        "group": "ingest.group_column",
    }
)
DELIMITER_NAMES = ((",", "a comma"), ("\t", "a tab"), (";", "a semicolon"), ("|", "a bar"))


@dataclass(frozen=True)
class Columns:
    """The names of the columns that are read, None where one is not."""

    text: str
    label: str
    split: str | None = None
    group: str | None = None

    def settings(self) -> dict[str, str]:
        """Return the name of each column by the setting that gives it."""
        names = self.by_role()
        return {setting: names[role] for role, setting in SETTINGS.items() if role in names}

    def by_role(self) -> dict[str, str]:
        """Return each column's name by its role."""
        names = {"text": self.text, "label": self.label, "split": self.split, "group": self.group}
        return {role: name for role, name in names.items() if name is not None}


def check_columns(path: Path, names: Sequence[str], columns: Columns, delimiter: str = "") -> None:
    """Raise InputError unless the file has each column exactly once.

    Parameters
    ----------
    names : all columns of the file.
    delimiter : the character between cells; empty for a file that has none.
    """
    settings = columns.settings()
    for setting, name in settings.items():
        equal = [other for other in settings if settings[other] == name]
        if len(equal) > 1:
            raise InputError(f"{' and '.join(equal)} both name {name!r}; they must differ.")
        count = names.count(name)
        if count > 1:
            raise InputError(
                f"{path} has {count} columns called {name!r} ({setting}); rename all but one."
            )
        if count == 0:
            raise InputError(_missing(path, names, setting, name, delimiter))


def _missing(path: Path, names: Sequence[str], setting: str, name: str, delimiter: str) -> str:
    shown = ", ".join(repr(known[:80]) for known in names[:SHOWN_COLUMNS])
    if len(names) > SHOWN_COLUMNS:
        shown += f" and {len(names) - SHOWN_COLUMNS:,} more"
    start = f"{path} has no column {name!r} ({setting}); it has {shown}"
    other = likely_delimiter(names, delimiter)
    if other:
        return f"{start}: the cells seem to be separated by {other}, so set ingest.delimiter."
    near = nearest(name, names)
    if near:
        return f"{start}; did you mean {near!r}?"
    return f"{start}: set {setting} to one of them."


def likely_delimiter(names: Sequence[str], delimiter: str) -> str | None:
    """Return the delimiter that a header of one cell seems to hold, by name."""
    if not delimiter or len(names) != 1:
        return None
    found = [word for sign, word in DELIMITER_NAMES if sign != delimiter and sign in names[0]]
    return found[0] if found else None
