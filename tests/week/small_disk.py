"""A small real disk that only the processes of a test see."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SmallDisk:
    """A disk mounted at a folder, in a namespace of its own.

    Attributes
    ----------
    pid : of a process that lives in the namespace.
    folder : where the disk is mounted there.
    """

    pid: int
    folder: Path

    @property
    def seen(self) -> Path:
        """The folder as other processes get at it."""
        return Path(f"/proc/{self.pid}/root{self.folder}")

    def prefix(self, working_directory: Path) -> tuple[str, ...]:
        """What comes before a command that is to see the disk."""
        enter = ("nsenter", f"--target={self.pid}", "--mount")
        # a folder that was entered before would be without the disk
        return (*enter, "sh", "-c", 'cd "$0" && exec "$@"', str(working_directory))

    def fill(self, free_bytes: int) -> Path:
        """Leave so much room; returns the file to delete to free the rest."""
        status, ballast = os.statvfs(self.seen), self.seen / "ballast"
        with ballast.open("wb") as file:
            room = status.f_bavail * status.f_frsize - free_bytes
            os.posix_fallocate(file.fileno(), 0, room)
        return ballast


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[SmallDisk]:
    """Mount a disk of a size such as ``64m`` at a folder, until the body ends."""
    script = f"mount -t tmpfs -o size={size} tmpfs '{folder}' && echo ready && exec sleep 36000"
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", script], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout
            assert holder.stdout.readline() == "ready\n"
            yield SmallDisk(holder.pid, folder)
        finally:
            holder.kill()
