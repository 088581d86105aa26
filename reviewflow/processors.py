"""Count the processors: the number of tasks that can run in parallel."""

import os


def processors() -> int:
    """Return how many processors this process may use, as limited by taskset or a container."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
