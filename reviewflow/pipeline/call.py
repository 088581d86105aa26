"""How a stage's function is called. It shapes what every stage writes, so it counts in every key.

Only plain values come in: the code that this reaches, and with it all keys, stays this file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")


def arguments(
    settings: Mapping[str, Value],
    files: Mapping[str, Path],
    facts: Mapping[str, Value],
    rows: Value | None,
    folders: Mapping[str, tuple[Path, ...]],
    single: Mapping[str, bool],
) -> dict[str, Value | Path | tuple[Path, ...]]:
    """Everything that a stage is handed beside ``folder`` and ``context``, by argument name.

    Parameters
    ----------
    settings : sections and single settings of the configuration.
    files : paths whose content the stage reads.
    facts : what it is told about the data.
    rows : the part's table for the stage that takes ``rows``, None for all others.
    folders : the artifacts that it reads.
    single : whether an argument is one folder and not a tuple of folders.
    """
    handed: dict[str, Value | Path | tuple[Path, ...]] = {**settings, **files, **facts}
    for name, found in folders.items():
        handed[name] = found[0] if single[name] else found
    return handed if rows is None else {**handed, "rows": rows}
