"""Report code whose dependencies cannot be resolved, or are in no key."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from reviewflow.callgraph.project import Project, link_project
from reviewflow.callgraph.reach import reach_in_project
from reviewflow.callgraph.source_files import default_root, read_sources
from reviewflow.callgraph.traversal import Traversal


def unresolved_places(
    root: Path | None = None,
    *,
    packages: tuple[str, ...] = ("reviewflow",),
    entries: Iterable[str] | None = None,
) -> list[str]:
    """Return the places where a reach cannot be resolved.

    They are sorted sentences of the form ``module:line why``.

    Parameters
    ----------
    root : the folder that holds the packages; the running project's by default.
    packages : the packages whose definitions are followed.
    entries : the functions whose reach is wanted; every definition by default (then what comes
        in as an argument is not asked).
    """
    project = _project(root, packages)
    if entries is not None:
        reaches = [reach_in_project(project, entry) for entry in entries]
        return sorted({place for each in reaches for place in each.unresolved})
    traversal = Traversal(project)
    for module in project.modules:
        traversal.count_module(module)
    return sorted(traversal.unresolved)


def undeclared_reads(
    entries: Mapping[str, Collection[str]],
    digesters: Iterable[str] = (),
    root: Path | None = None,
    *,
    packages: tuple[str, ...] = ("reviewflow",),
) -> list[str]:
    """Return the places where functions read what no key holds, sorted.

    Parameters
    ----------
    entries : the functions, with the files that count in the key of each, as paths below the
        folder that holds the packages.
    digesters : functions that return a digest of what they read, which counts in the key of every
        function that reads the same.
    root, packages : as for :func:`unresolved_places`.
    """
    project = _project(root, packages)
    digested = {read.place for each in digesters for read in reach_in_project(project, each).reads}
    return sorted(
        {
            f"{read.place} {read.why}"
            for entry, declared in entries.items()
            for read in reach_in_project(project, entry).reads
            if read.path not in declared and read.place not in digested
        }
    )


def _project(root: Path | None, packages: tuple[str, ...]) -> Project:
    return link_project(read_sources(root or default_root(), packages), packages)
