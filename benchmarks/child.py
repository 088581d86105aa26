"""A fresh Python process that measures one thing: no memo of an earlier measurement helps it.

python -m benchmarks.child MODULE FUNCTION JSON   calls the function, prints its figures as JSON
"""

import json
import re
import resource
import sys
from importlib import import_module
from pathlib import Path

BYTES_OF_MAXRSS = 1 if sys.platform == "darwin" else 1024


def main(module: str, function: str, arguments: str) -> None:
    """Call the function and print, as the last line, its figures and the process's peak memory."""
    figures = getattr(import_module(module), function)(**json.loads(arguments))
    print(json.dumps({**figures, "megabytes": peak_bytes() / 1e6}))


def peak_bytes() -> int:
    """The most memory that this process has had at once.

    Linux hands ``ru_maxrss`` on from the process that started this one; the high-water mark of
    the memory itself does not have that fault.
    """
    status = Path("/proc/self/status")
    mark = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    if mark is not None:
        return int(mark.group(1)) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_MAXRSS


if __name__ == "__main__":
    main(*sys.argv[1:])
