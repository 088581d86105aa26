"""Lock files in Prefect's home.

The kernel frees a lock when its holder dies.
"""

import fcntl
import time
from pathlib import Path
from typing import IO

from reviewflow.errors import ReviewflowError

SHARED, EXCLUSIVE = fcntl.LOCK_SH, fcntl.LOCK_EX
UI_LOCK = "ui.lock"
TRIES = 10
POLL_SECONDS = 0.02  # between two tries where the kernel cannot wake anybody


def open_in(home: Path, name: str) -> IO[str]:
    """Open a file of Prefect's home, made where it is missing, to be locked.

    Raises
    ------
    ReviewflowError : if the home cannot be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        return (home / name).open("a")
    except OSError as error:
        raise ReviewflowError(
            f"Prefect's home {home} cannot be written ({error.strerror}); "
            "make it writable or choose another folder with --artifacts."
        ) from error


def lock(file: IO[str], kind: int) -> None:
    """Lock a file, however long that takes.

    Parameters
    ----------
    kind : `SHARED` or `EXCLUSIVE`.

    Raises
    ------
    ReviewflowError : if the file system has no locks.
    """
    try:
        fcntl.flock(file, kind)
    except OSError as error:
        raise _without_locks(file, error) from error


def try_lock(file: IO[str], kind: int) -> bool:
    """Lock a file if it is free, and return whether it was.

    Parameters and errors are those of `lock`.
    """
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _without_locks(file, error) from error
    return True


def is_ui_up(home: Path) -> bool:
    """Return whether a ``reviewflow ui`` keeps the server of this home."""
    with open_in(home, UI_LOCK) as file:
        return not try_lock(file, SHARED)


def take_ui_lock(file: IO[str]) -> bool:
    """Lock ``ui.lock`` for a ``reviewflow ui``, unless another one has it.

    Runs that look whether one is up hold the lock for a moment, so it is tried several times.
    """
    for _ in range(TRIES):
        if try_lock(file, EXCLUSIVE):
            return True
        time.sleep(POLL_SECONDS)
    return False


def unlock(file: IO[str]) -> None:
    """Free the lock of a file."""
    fcntl.flock(file, fcntl.LOCK_UN)


def _without_locks(file: IO[str], error: OSError) -> ReviewflowError:
    return ReviewflowError(
        f"Prefect's home {Path(file.name).parent} cannot be locked ({error.strerror}): its file "
        "system has no flock; choose a folder on another one with --artifacts."
    )
