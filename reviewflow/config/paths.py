"""Find the files that a configuration names, relative to its folder.

configs/imdb.yaml, path: ../data/x.csv ─▶ data/x.csv, or in full outside the working directory

What is resolved is relative to the working directory, as ``--set`` and a form name files, so the
same file has the same name in run.json however its configuration spells it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from glob import escape, has_magic, iglob
from pathlib import Path
from typing import Any
from warnings import warn

from reviewflow.config.shipped import NAMED_FILES, find_file, shipped_folder
from reviewflow.config.urls import is_like_url
from reviewflow.errors import OldPathWarning

PATH_SETTINGS = (
    ("ingest", "path"),
    ("ingest", "test_path"),
    *((section, key) for section, key, _ in NAMED_FILES),
)
WRITTEN_BY_RUN = "data/raw/imdb_reviews.csv"  # by the first run that reads it
CONFIGS = "configs"  # the folder of a project that holds its configurations


def resolve_paths(content: Mapping[str, Any], config: Path) -> dict[str, Any]:
    """Make the paths in a configuration relative to the working directory.

    An item of a list is resolved like a path of its own, and a pattern like a path. Absolute paths
    and addresses such as ``https://…`` stay. No file has to exist. Where the configuration gives no
    suite, that of its project folder goes before that of the working directory.

    Parameters
    ----------
    config : path of the configuration file. One that is shipped counts as if it was in the working
        directory.

    Warns
    -----
    OldPathWarning
        If a file is there only relative to the working directory, as version 0.2 named files. It
        is used until version 0.4.
    """
    folder = config_folder(config)
    result = dict(content)
    for section, key in PATH_SETTINGS:
        values = result.get(section)
        if isinstance(values, dict) and isinstance(values.get(key), str | list):
            setting = f"{config}: {section}.{key}"
            result[section] = {**values, key: _resolve(values[key], folder, setting)}
    return _with_project_suites(result, folder)


def config_folder(config: Path) -> Path:
    """Return the folder to which a configuration's paths are relative."""
    path = Path(os.path.abspath(config))
    shipped = shipped_folder()
    return Path(path.relative_to(shipped) if path.is_relative_to(shipped) else config).parent


def path_from(folder: Path, path: str) -> str:
    """Return how a configuration in a folder names a file."""
    return path if os.path.isabs(path) or is_like_url(path) else os.path.relpath(path, folder)


def _resolve(written: Any, folder: Path, setting: str) -> Any:
    """Return a path, or a list of paths, relative to the working directory."""
    if isinstance(written, list):
        return [_resolve(item, folder, setting) for item in written]
    is_fixed = not isinstance(written, str) or not written or "\0" in written
    if is_fixed or is_like_url(written) or os.path.isabs(written) or _is_working(folder):
        return written
    prefix = escape(str(folder)) if has_magic(written) else str(folder)
    path = _below_working(os.path.join(prefix, written))
    if _is_there(path) or not (_is_there(written) or written == WRITTEN_BY_RUN):
        return path
    warn(
        f"{setting}: {written} is taken from the working directory, and version 0.4 will not look "
        f"there. Paths are relative to the configuration: write {path_from(folder, written)}.",
        OldPathWarning,
        stacklevel=4,
    )
    return written


def _is_working(folder: Path) -> bool:
    return os.path.abspath(folder) == os.getcwd()


def _below_working(path: str) -> str:
    """Return a path relative to the working directory, or in full."""
    full = os.path.abspath(path)
    is_below = full.startswith(os.path.join(os.getcwd(), ""))
    return os.path.relpath(full) if is_below else full


def _is_there(path: str) -> bool:
    """Return whether a path or a pattern names anything, or is shipped."""
    is_match = has_magic(path) and any(True for _ in iglob(path, recursive=True))
    return os.path.exists(path) or is_match or find_file(Path(path)) != Path(path)


def _with_project_suites(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Name the suites of the project, where the configuration names none."""
    project = folder.parent if folder.name == CONFIGS else folder
    if _is_working(project):
        return content
    for section, key, default in NAMED_FILES:
        values = content.get(section, {})
        own = default and _below_working(str(project / default))
        if own and isinstance(values, dict) and key not in values and os.path.isfile(own):
            content = {**content, section: {**values, key: own}}
    return content
