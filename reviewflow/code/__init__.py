"""What a stage's code is: every project definition that a function reaches, read as text."""

from reviewflow.code.check import unclear_places
from reviewflow.code.memo import reaches
from reviewflow.code.reaching import Reach, reach
from reviewflow.code.versions import package_versions

__all__ = ["Reach", "package_versions", "reach", "reaches", "unclear_places"]
