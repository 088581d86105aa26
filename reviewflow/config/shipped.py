"""Find the configurations and suites that come with the package.

``reviewflow/shipped/`` has the layout of a project folder. In the checkout its entries are links to
the files on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from os.path import exists, isfile
from pathlib import Path
from typing import Any

NAMED_FILES = (  # settings that may name a shipped file, and their defaults
    ("validate", "reviews", "configs/expectations/reviews.yaml"),
    ("validate", "features", "configs/expectations/features.yaml"),
    ("report", "reference", None),
)


def shipped_folder() -> Path:
    """Return the folder of what comes with the package."""
    return Path(__file__).parents[1] / "shipped"


def find_file(path: Path) -> Path:
    """Return the path, or that of the shipped file where there is none.

    Only a relative path such as ``configs/imdb.yaml`` can name a shipped file.
    """
    if path.is_absolute() or ".." in path.parts or exists(path):  # False for a bad name, too
        return path
    shipped = shipped_folder() / path
    return shipped if isfile(shipped) else path


def with_shipped_files(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration whose settings name shipped files in full.

    A file of the working directory goes first. Keys do not change, since they hold the content of
    such files.
    """
    result = dict(content)
    for section, key, default in NAMED_FILES:
        values = result.get(section, {})
        name = values.get(key, default) if isinstance(values, dict) else None
        if isinstance(name, str) and (found := find_file(Path(name))) != Path(name):
            result[section] = {**values, key: str(found)}
    return result
