"""Define every error that reviewflow raises on purpose, in one tree.

    ReviewflowError          exit code 1
    ├── UsageError           2   wrong configuration or unreadable input
    │   ├── ConfigError
    │   └── InputError
    ├── QualityError         3   readable rows whose values fail a check
    ├── LearningError        3   no variant beats the majority class, with run --strict
    ├── StoreError           1   the artifact store cannot be written or read
    ├── WorkerError          1   a worker process cannot perform a step
    │   └── WorkerLost           the worker that performed a step ended
    └── Cancelled            130 a person or a scheduler stopped the run

A message is one plain sentence for a person: what came, where, and what to do.
"""

from __future__ import annotations

import re
from pathlib import Path


def escape(text: str, keep: str = "") -> str:
    r"""Return text with unprintable characters escaped: ``\x1b[31mred``.

    Parameters
    ----------
    keep : characters that stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character in keep or character.isprintable()
        else character.encode("unicode_escape").decode()
        for character in text
    )


def error_line(error: BaseException, longest: int = 300) -> str:
    """Return another library's message on one line, without a full stop.

    An error without a message gives the name of its class.
    """
    return (" ".join(str(error).split()) or type(error).__name__)[:longest].rstrip(".")


def out_of_memory(error: BaseException, what: str) -> ReviewflowError | None:
    """Return an error for a person if memory ran out, None for another error.

    PyTorch raises RuntimeError, NumPy and PyArrow MemoryError.

    Parameters
    ----------
    what : what the memory was for, such as ``train[wide]``.
    """
    line = error_line(error)
    asked = re.search(r"tried to allocate (\d+) bytes", line)
    is_torch = isinstance(error, RuntimeError) and (asked or "out of memory" in line)
    if not isinstance(error, MemoryError) and not is_torch:
        return None
    much = f" {int(asked[1]) / 1e9:,.1f} GB were asked for at once." if asked else ""
    return ReviewflowError(
        f"There is not enough memory for {what}.{much} Make its settings smaller, or free memory, "
        "and run again: what was finished is kept."
    )


def unreadable_file(what: str, path: Path | str, reason: str | None, setting: str) -> ConfigError:
    """Return the error of a file that a setting names and that cannot be read.

    Parameters
    ----------
    what : what the file is, such as ``suite``.
    """
    return ConfigError(f"The {what} {path} cannot be read ({reason}); check {setting}.")


class ReviewflowError(Exception):
    """Base of all errors whose message is written for a person."""

    exit_code = 1

    def __str__(self) -> str:
        """Return the message with control characters escaped, as in names."""
        return escape(super().__str__(), keep="\n")


class UsageError(ReviewflowError):
    """The command, the configuration or the input file is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file or a ``--set`` option is wrong."""


class InputError(UsageError):
    """An input file is missing, unreadable, or lacks a named column."""


class QualityError(ReviewflowError):
    """A check with severity ``error`` failed. The message is a table."""

    exit_code = 3


class LearningError(ReviewflowError):
    """No variant beats the majority class, and ``--strict`` was given."""

    exit_code = 3


class StoreError(ReviewflowError):
    """The artifact store cannot be written or read."""


class WorkerError(ReviewflowError):
    """A worker process ended, cannot be reached, or differs from the run."""


class WorkerLost(WorkerError):
    """The worker that performed a step ended."""


class Cancelled(ReviewflowError):
    """Work ended early because a person or a scheduler stopped it."""

    exit_code = 130  # as shells have it of a program that Ctrl-C ended: 128 + SIGINT


class OldPathWarning(FutureWarning):
    """A file is named in a way that a later version will not find."""
