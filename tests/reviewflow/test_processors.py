"""The processors that a process may use."""

import os

import pytest

from reviewflow.processors import processors


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_a_limit_of_the_process_counts() -> None:
    allowed = os.sched_getaffinity(0)
    assert processors() == len(allowed)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert processors() == 1
    finally:
        os.sched_setaffinity(0, allowed)
