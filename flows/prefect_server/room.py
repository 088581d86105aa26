"""Keep ``reviewflow ui`` and its schedule up while the disk is full.

Prefect's database is on the disk of the artifacts. Where that is full, the server answers some
requests with an error; once there is room, it goes on as before.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from flows.prefect_server.startup import full_disk, is_full


class Room:
    """Keeps the schedule up while the disk is full.

    Parameters
    ----------
    home : Prefect's home, whose disk it is.
    """

    def __init__(self, home: Path) -> None:
        self._home, self._full = home, False

    @contextmanager
    def patience(self) -> Iterator[None]:
        """Go on where the body fails on a full disk.

        The console says so once, and once more when the body has succeeded.
        """
        was_full = is_full(self._home)
        try:
            yield
        except Exception:  # of Prefect, its HTTP client or a file
            if not was_full and not is_full(self._home):
                raise
            if not self._full:
                _say(f"{full_disk(self._home)} The schedule goes on.")
            self._full = True
        else:
            if self._full:
                _say("There is room on the disk again.")
            self._full = False


def _say(line: str) -> None:
    """Print a line, unless the output is a file on the full disk itself."""
    with suppress(OSError):
        click.echo(line)
