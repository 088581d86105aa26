"""Compute everything that the pipeline needs, without Prefect.

``load_model`` and ``read_run`` are for other programs.

Importing it installs the hook that records which source text each module is imported from. It is
the only place of the project that acts at import: a hook that came later would miss modules.
"""

from typing import TYPE_CHECKING, Any

from reviewflow.callgraph.import_hook import install

if TYPE_CHECKING:
    from reviewflow.api import load_model, read_run

__all__ = ["load_model", "read_run"]
__version__ = "0.3.0"
_finder = install("reviewflow")


def __getattr__(name: str) -> Any:
    """Import the public functions when they are asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'reviewflow' has no attribute {name!r}")
    from reviewflow.api import load_model, read_run

    return {"load_model": load_model, "read_run": read_run}[name]
