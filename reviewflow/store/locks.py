"""Lock files, which the kernel frees when the process that holds one ends.

    artifacts/store/.locks/<stage>-<key>   held by whoever makes or removes the step's artifact
    artifacts/runs/<run_id>/.lock          held by the run's process
    artifacts/downloads/.locks/<digest>    held by whoever fetches the file of a URL

Holders lock exclusively. Whoever only asks whether a lock is held takes a shared lock for a moment,
on a file opened for reading, so that two who ask never see each other.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reviewflow.store.os_errors import FolderName, unwritable

LOCKS = ".locks"


@contextmanager
def step_lock(store: Path, stage: str, key: str) -> Iterator[None]:
    """Hold a step's lock. A second process or thread waits here for the first.

    Raises
    ------
    StoreError : if the lock file cannot be written, or its file system has no locks.
    """
    with file_lock(lock_path(store, stage, key), store):
        yield


@contextmanager
def file_lock(path: Path, folder: Path) -> Iterator[None]:
    """Hold a lock file. A second process or thread waits here for the first.

    Parameters
    ----------
    folder : of the artifacts, or below it, for messages.

    Raises
    ------
    StoreError : as :func:`step_lock`.
    """
    from filelock import FileLock  # not before a run: planning must stay quick

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, thread_local=False, is_singleton=False)
        lock.acquire()
    except OSError as error:
        raise unwritable(folder, error) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def try_step_lock(
    store: Path, stage: str, key: str, name: FolderName = "artifacts"
) -> Iterator[bool]:
    """Hold a step's lock if it is free, and give whether it is held.

    Parameters
    ----------
    name : what the folder is, for messages.

    Raises
    ------
    StoreError : as :func:`step_lock`.
    """
    from filelock import FileLock, Timeout

    try:
        (store / LOCKS).mkdir(parents=True, exist_ok=True)
        lock = FileLock(
            lock_path(store, stage, key), timeout=0, thread_local=False, is_singleton=False
        )
        lock.acquire()
    except Timeout:
        yield False
        return
    except OSError as error:
        raise unwritable(store, error, name) from None
    try:
        yield True
    finally:
        lock.release()


def lock_path(store: Path, stage: str, key: str) -> Path:
    """Return the path of a step's lock file."""
    return store / LOCKS / f"{stage}-{key}"


def hold_lock(path: Path) -> int:
    """Create a lock file that nobody else holds and lock it.

    Returns
    -------
    int : the open file's descriptor; closing it frees the lock.

    Raises
    ------
    OSError : if the file cannot be written, is held, or its file system has no locks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def is_locked(path: Path) -> bool:
    """Return whether a process holds a lock file.

    A file that is not there is not held. One that may not be opened or asked (it is another
    user's, its file system has no locks) counts as held, since nothing says that it is free.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
