"""Every error that the product raises on purpose, in one tree.

    ReviewflowError          exit code 1
    ├── UsageError           2   wrong configuration or unreadable input
    │   ├── ConfigError
    │   └── InputError
    ├── QualityError         3   readable rows whose values fail a check
    ├── StoreError           1   the artifact store cannot be written or read
    └── Cancelled            1   somebody stopped the run

A message is one plain sentence for a person: what came, where, and what to do.
"""


class ReviewflowError(Exception):
    """Base of all errors whose message is meant for a person."""

    exit_code = 1

    def __str__(self) -> str:
        """The message, with what a terminal would obey written out (names come from data)."""
        return "".join(
            sign if sign == "\n" or sign.isprintable() else sign.encode("unicode_escape").decode()
            for sign in super().__str__()
        )


class UsageError(ReviewflowError):
    """The command, the configuration or the input file is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file or a ``--set`` option is wrong."""


class InputError(UsageError):
    """An input file is missing, unreadable, or lacks what the configuration names."""


class QualityError(ReviewflowError):
    """A data-quality check with severity ``error`` failed; the message holds a readable table."""

    exit_code = 3


class StoreError(ReviewflowError):
    """The artifact store cannot be written or read."""


class Cancelled(ReviewflowError):
    """Work ended early because somebody asked for it."""
