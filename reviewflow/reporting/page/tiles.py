"""Hold what the first screen of a report is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """One number of the summary, with its name and a note."""

    name: str
    value: str
    note: str
    state: str = ""


@dataclass(frozen=True)
class Notice:
    """Something that needs attention.

    ``state`` is ``failed``, ``warning`` or ``note``.
    """

    state: str
    text: str
