"""Keep compiled functions in a writable folder, and remove damaged ones.

Numba keeps machine code beside the source. Where nobody may write there, it looks for a folder of
the user, and fails where there is none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import TypeVar

FOLDER_VARIABLE = "NUMBA_CACHE_DIR"
FOLDER = "compiled"  # in the artifacts folder
COMPILED_FILES = "*/compiled_*.py"
CACHING = os.path.join("numba", "core", "caching.py")
MOST_DAMAGES = 20  # above the number of files with compiled functions

Result = TypeVar("Result")


def keep_compiled_code(artifacts: Path, package: Path = Path(__file__).parents[1]) -> None:
    """Keep machine code in the artifacts folder if need be.

    That is where the package's folders are read-only. A folder in ``NUMBA_CACHE_DIR`` goes first.
    Numba looks at it when it is imported, so a call after that changes nothing.
    """
    if os.environ.get(FOLDER_VARIABLE) or "numba" in sys.modules or is_writable(package):
        return
    os.environ[FOLDER_VARIABLE] = str((artifacts / FOLDER).absolute())


def is_writable(package: Path) -> bool:
    """Return whether machine code can be kept beside every compiled file."""
    folders = {path.parent for path in package.glob(COMPILED_FILES)}
    caches = (folder / "__pycache__" for folder in folders)
    return all(os.access(cache if cache.exists() else cache.parent, os.W_OK) for cache in caches)


def call_compiled(call: Callable[[], Result]) -> Result:
    """Return what a call gives, after removing machine code that is damaged."""
    for _ in range(MOST_DAMAGES):
        try:
            return call()
        except Exception as error:
            if not remove_damaged_code(error):
                raise
    return call()


def remove_damaged_code(error: Exception) -> bool:
    """Remove the machine code of a source file whose loading raised an error.

    What damages one function's code, such as a full disk, often damages that of its neighbours.
    Numba takes a missing file for a function that was never compiled, and any other trouble with
    one for an error.

    Returns
    -------
    bool : whether an error was raised by loading machine code, so that a second try compiles it.
    """
    if isinstance(error, OSError | MemoryError):
        return False
    paths = {path for frame, _ in walk_tb(error.__traceback__) if (path := _index_path(frame))}
    for path in paths:
        source = path.name.partition(".")[0]
        for index in path.parent.glob(f"{source}.*{path.suffix}"):
            index.unlink(missing_ok=True)
    return bool(paths)


def _index_path(frame: FrameType) -> Path | None:
    """Return the index of a function's machine code, if Numba was loading it."""
    if not frame.f_code.co_filename.endswith(CACHING):
        return None
    loader = frame.f_locals.get("self")
    loader = getattr(loader, "_cache_file", loader)
    path = getattr(loader, "_index_path", None)
    return None if path is None else Path(path)
