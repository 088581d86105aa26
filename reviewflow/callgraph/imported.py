"""Tell whether the code that was imported is the code that was analysed.

source when the run began ──▶ reach ──▶ key
                                │
source when it was imported ────┴──▶ the same? then the result may be stored under that key
"""

from pathlib import Path

from reviewflow.callgraph.import_hook import imported_digest, imported_text
from reviewflow.callgraph.project import link_project
from reviewflow.callgraph.reach import reach_in_project
from reviewflow.callgraph.reached import Reach
from reviewflow.callgraph.source_files import SourceFile, default_root, read_sources
from reviewflow.errors import ReviewflowError


def changed_modules(
    reach: Reach, *, root: Path | None = None, packages: tuple[str, ...] = ("reviewflow",)
) -> list[str]:
    """Return imported modules whose code is not the code that was analysed.

    What counts is the text that was imported, whatever the files hold by now. Modules that are
    not imported have shaped nothing. A text that differs in comments only, or in code that the
    function does not reach, does not count.

    Parameters
    ----------
    reach : what the function reached when its key was made.
    root, packages : as for :func:`reviewflow.callgraph.reach.reach`.
    """
    changed = [
        module
        for module, digest in reach.modules.items()
        if imported_digest(module) not in (None, digest)
    ]
    if not changed:
        return []
    try:
        files = tuple(map(_as_imported, read_sources(root or default_root(), packages)))
        now = reach_in_project(link_project(files, packages), reach.entry)
    except (OSError, ReviewflowError):  # a file is gone, or is no longer Python
        return changed
    if now == reach:
        return []
    differences = {*now.definitions.items()} ^ {*reach.definitions.items()}
    modules = {name.rpartition(".")[0] for name, _ in differences}
    return [module for module in changed if module in modules] or changed


def _as_imported(file: SourceFile) -> SourceFile:
    """Return a source file with the text that was imported, if it was."""
    text = imported_text(file.module)
    return file if text is None else file._replace(text=text)
