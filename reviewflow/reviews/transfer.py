"""Say what comes of asking another machine for a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reviewflow.reviews.downloads import Version


class Refused(Exception):
    """The machine does not give the file. Asking again changes nothing."""


class Unreachable(Exception):
    """The machine did not answer, or the transfer was cut."""


@dataclass(frozen=True)
class Answer:
    """What a machine says of a file.

    Attributes
    ----------
    unchanged : whether the version that is at hand is the same, None if nothing tells.
    content : the bytes of the file, to be read once.
    """

    version: Version
    unchanged: bool | None
    content: Iterator[bytes]
