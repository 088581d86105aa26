"""Count the processors, and name the instructions that they have."""

import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
# Instruction sets for which NumPy, Numba and PyTorch have code of their own, as Linux names them.
PREFIXES = ("avx", "fma", "f16c", "amx", "sse4", "asimd", "sve", "fp16", "bf16", "i8mm")


def processors() -> int:
    """Return how many processors this process may use.

    The limits of a container or of taskset are respected.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def processor_features() -> tuple[str, ...]:
    """Return the architecture, and the instruction sets for arithmetic.

    Floating-point sums may differ in their last bits where these differ. Outside Linux only the
    architecture is known.
    """
    flags = ""
    with suppress(OSError), CPUINFO.open(encoding="utf-8") as lines:  # of the first processor
        flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return platform.machine(), *sorted(f for f in flags.split() if f.startswith(PREFIXES))


def other_features(features: Iterable[str]) -> list[str]:
    """Return the features that either those or this processor lacks, sorted."""
    return sorted({*features} ^ {*processor_features()})
