"""A wall clock that a test sets for the processes that it starts."""

import mmap
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

SOURCE = Path(__file__).with_name("set_clock.c")
NANOSECONDS = 1_000_000_000


def can_set_clocks() -> bool:
    """Whether there is a C compiler for the library that shows another clock."""
    return which("cc") is not None


class Clock:
    """The clock of all processes that have its environment. A jump is seen by all of them at once.

    Parameters
    ----------
    folder : for the compiled library and the offset from the real clock.
    """

    def __init__(self, folder: Path) -> None:
        library, offset = folder / "set_clock.so", folder / "clock_offset"
        compiler = ["cc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"]
        subprocess.run(compiler, check=True)
        offset.write_bytes(bytes(8))
        with offset.open("r+b") as file:
            self._offset = mmap.mmap(file.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(offset)}

    @property
    def now(self) -> datetime:
        """The time that it shows."""
        offset = int.from_bytes(self._offset[:8], "little", signed=True)
        return datetime.fromtimestamp((time.time_ns() + offset) / NANOSECONDS, UTC)

    def set(self, moment: datetime) -> None:
        """Have it show a moment, from now on."""
        offset = round(moment.timestamp() * NANOSECONDS) - time.time_ns()
        self._offset[:8] = offset.to_bytes(8, "little", signed=True)
