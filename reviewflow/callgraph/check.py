"""Where the project's code is written so that a reach cannot be told: for the checks to refuse."""

from collections.abc import Iterable
from pathlib import Path

from reviewflow.callgraph.project import linked, own_root, sources
from reviewflow.callgraph.reach import reached
from reviewflow.callgraph.traversal import Walk


def unclear_places(
    root: Path | None = None,
    *,
    packages: tuple[str, ...] = ("reviewflow",),
    entries: Iterable[str] | None = None,
) -> list[str]:
    """Return the places where a reach cannot be told, as ``module:line why``, sorted.

    Parameters
    ----------
    root : the folder that holds the packages; the running project's by default.
    packages : the packages whose definitions are followed.
    entries : the functions whose reach is wanted; every definition by default (then what comes
        in as an argument is not asked).
    """
    project = linked(sources(root or own_root(), packages), packages)
    if entries is not None:
        return sorted({each for entry in entries for each in reached(project, entry).unclear})
    walk = Walk(project)
    for module in project.modules:
        walk.count_module(module)
    return sorted(walk.unclear)
