"""Compute everything that the pipeline needs, without Prefect.

Importing it installs the hook that records which source text each module is imported from. It is
the only place of the project that acts at import: a hook that came later would miss modules.
"""

from reviewflow.callgraph.import_hook import install

__version__ = "0.3.0"
_finder = install("reviewflow")
