"""Count the processors: the number of tasks that can run in parallel."""

import os


def processors() -> int:
    """Return how many processors this process may use.

    The limits of a container or of taskset are respected.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
