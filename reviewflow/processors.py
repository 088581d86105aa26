"""How many pieces of work can run side by side."""

import os


def processors() -> int:
    """Processors that this process may use (containers and taskset count)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
