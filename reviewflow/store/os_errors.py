"""Turn an OSError about the artifacts folder into one sentence.

A stage may fail with an OSError of its own: an input file that is missing, a connection that was
reset. Only one that concerns the artifacts folder becomes a StoreError about that folder.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from reviewflow.errors import StoreError

FULL = (errno.ENOSPC, errno.EDQUOT)
# raised by writing to an open file, where the system names no file: what a stage writes to is its
# folder in the store
WITHOUT_NAME = (*FULL, errno.EROFS)
LOCKLESS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
FolderName = Literal["artifacts", "output"]  # as the option that names the folder
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR)


@contextmanager
def store_errors(folder: Path) -> Iterator[None]:
    """Turn every OSError of the body into a sentence.

    The body works in the artifacts folder only.
    """
    try:
        yield
    except OSError as error:
        raise unwritable(folder, error) from error


@contextmanager
def stage_errors(folder: Path) -> Iterator[None]:
    """Turn a stage's OSError about the artifacts folder into a sentence.

    Any other passes as it is.
    """
    try:
        yield
    except OSError as error:
        if type(error) is OSError and error.errno is None:
            raise unreadable(folder, error) from error  # by a library, over a file's content
        if not is_about(folder, error):
            raise
        name = error.filename2 or error.filename
        if error.errno in ABSENT and name is not None:
            raise unreadable(folder, error) from error
        raise unwritable(folder, error) from error


def is_about(folder: Path, error: OSError) -> bool:
    """Return whether an error is about the artifacts folder.

    Others of a stage are about another file, or a host.
    """
    names = [name for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    if not names:
        return error.errno in WITHOUT_NAME
    root = folder.resolve()
    return any(Path(os.fsdecode(name)).resolve().is_relative_to(root) for name in names)


def unwritable(folder: Path, error: OSError, name: FolderName = "artifacts") -> StoreError:
    """Return the error for a folder that cannot be written.

    Parameters
    ----------
    name : what the folder is, which is also the option that chooses another one.
    """
    why = error.strerror or str(error)
    if error.errno in LOCKLESS:
        return StoreError(
            f"The {name} folder {folder} is on a file system without file locks ({why}); "
            f"choose another with --{name}."
        )
    advice = "free space or choose" if error.errno in FULL else "choose"
    return StoreError(
        f"The {name} folder {folder} cannot be written ({why}); {advice} another with --{name}."
    )


def unreadable(folder: Path, error: OSError) -> StoreError:
    """Return the error for content of the folder that is damaged or missing."""
    return StoreError(
        f"Something in the artifacts folder {folder} cannot be read ({error}); "
        "run with --verify, which makes damaged artifacts again."
    )
