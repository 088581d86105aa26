"""Tell whether the code that was imported is the code that was analysed.

source when the run began ──▶ reach ──▶ key
                                │
source when it was imported ────┴──▶ the same? then the result may be stored under that key
"""

from pathlib import Path

from reviewflow.callgraph.import_hook import imported_digest, imported_text
from reviewflow.callgraph.modules import Source
from reviewflow.callgraph.project import linked, own_root, sources
from reviewflow.callgraph.reach import Reach, reached
from reviewflow.errors import ReviewflowError


def changed_modules(
    reach: Reach, *, root: Path | None = None, packages: tuple[str, ...] = ("reviewflow",)
) -> list[str]:
    """Return modules imported with code that shapes the function's result in another way.

    What counts is the text that was imported, whatever the files hold by now. Modules that are
    not imported have shaped nothing. A text that differs in comments, or in code that the function
    does not reach, does not count.

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
        files = tuple(map(_as_imported, sources(root or own_root(), packages)))
        now = reached(linked(files, packages), reach.entry)
    except (OSError, ReviewflowError):  # a file is gone, or is not Python any more
        return changed
    if now == reach:
        return []
    names = {*now.definitions.items()} ^ {*reach.definitions.items()}
    guilty = {name.rpartition(".")[0] for name, _ in names}
    return [module for module in changed if module in guilty] or changed


def _as_imported(file: Source) -> Source:
    """Return a source file with the text that its module was imported from, if it was."""
    text = imported_text(file.module)
    return file if text is None else file._replace(text=text)
