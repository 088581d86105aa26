"""What a stage's code is: every project definition that a function reaches, read as text."""

from reviewflow.callgraph.cache import reaches
from reviewflow.callgraph.check import unclear_places
from reviewflow.callgraph.reach import Reach, reach
from reviewflow.callgraph.versions import package_versions

__all__ = ["Reach", "package_versions", "reach", "reaches", "unclear_places"]
