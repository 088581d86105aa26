"""Measure one function in a fresh Python process.

    python -m benchmarks.child MODULE FUNCTION JSON

It calls the function and prints its figures as JSON. A fresh process holds no cache that an earlier
measurement has filled.
"""

import json
import re
import resource
import sys
from importlib import import_module
from pathlib import Path

BYTES_OF_MAXRSS = 1 if sys.platform == "darwin" else 1024


def main(module: str, function: str, arguments: str) -> None:
    """Call the function, and print its figures and the peak memory last."""
    figures = getattr(import_module(module), function)(**json.loads(arguments))
    print(json.dumps({**figures, "megabytes": peak_bytes() / 1e6}))


def peak_bytes() -> int:
    """Return the most memory that this process has had at once.

    On Linux a process inherits ``ru_maxrss`` from the process that started it. The high-water mark
    of the memory does not have that fault.
    """
    status = Path("/proc/self/status")
    mark = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    if mark is not None:
        return int(mark.group(1)) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_MAXRSS


if __name__ == "__main__":
    main(*sys.argv[1:])
