"""Call a stage's function.

This shapes what every stage writes, so it counts in every key.

It takes plain values only, so that the code that it reaches stays within this file.
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
    """Return a stage's arguments beside ``folder`` and ``context``, by name.

    Parameters
    ----------
    settings : sections and single settings of the configuration.
    files : paths whose content the stage reads.
    facts : what it takes to know about the data.
    rows : the part's table for a stage that reads the source, None for all others.
    folders : the artifacts that it reads.
    single : whether an argument is one folder, not a tuple of folders.
    """
    given: dict[str, Value | Path | tuple[Path, ...]] = {**settings, **files, **facts}
    for name, found in folders.items():
        given[name] = found[0] if single[name] else found
    return given if rows is None else {**given, "rows": rows}
