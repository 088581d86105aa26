"""The processors that a process may use."""

import os
import platform

import pytest

from reviewflow.processors import other_features, processor_features, processors


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_a_limit_of_the_process_counts() -> None:
    allowed = os.sched_getaffinity(0)
    assert processors() == len(allowed)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert processors() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_a_processor_differs_from_others_by_its_features() -> None:
    own = processor_features()
    assert own[0] == platform.machine()
    assert list(own[1:]) == sorted(own[1:])
    assert other_features(own) == []
    assert other_features((*own, "sse9")) == ["sse9"]
    assert other_features(own[1:]) == [own[0]]
