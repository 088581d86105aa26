"""Describe the machine and the versions that the figures belong to."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

import psutil

from reviewflow.processors import processors

PACKAGES = (
    "reviewflow", "numba", "numpy", "pyarrow", "torch", "scikit-learn", "nltk", "prefect",
    "great-expectations",
)  # fmt: skip


def machine() -> str:
    """Return processor, memory, Python and packages as a Markdown list."""
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return "\n".join(
        (
            f"- {processor()}, {processors()} cores, {memory:.0f} GiB of memory, "
            f"{platform.system()}; load at the start: {os.getloadavg()[0]:.1f}",
            f"- Python {platform.python_version()}; {packages}",
        )
    )


def processor() -> str:
    """Return the processor's name from Linux, else the kind of processor."""
    path = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", path.read_text()) if path.exists() else None
    return named.group(1).strip() if named else platform.processor() or platform.machine()
