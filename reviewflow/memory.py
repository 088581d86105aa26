"""Give memory that a process no longer uses back to the operating system."""

import ctypes
import sys


def release_free_memory() -> None:
    """Return freed memory to the operating system.

    PyArrow and the C library keep what was freed for the thread that freed it. The threads of the
    next stage are others, so without this each stage adds to what the process holds. Outside Linux
    only PyArrow's part is returned.
    """
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)
