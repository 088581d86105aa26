"""The machine and the versions that figures were measured with."""

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
    """Processor, cores, memory, Python and packages, as the lines of a Markdown list."""
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return "\n".join(
        (
            f"- {processor()}, {processors()} cores, {memory:.0f} GiB of memory, "
            f"{platform.system()}; load when it began: {os.getloadavg()[0]:.1f}",
            f"- Python {platform.python_version()}; {packages}",
        )
    )


def processor() -> str:
    """The processor's name as Linux gives it, else the kind of processor."""
    path = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", path.read_text()) if path.exists() else None
    return named.group(1).strip() if named else platform.processor() or platform.machine()
