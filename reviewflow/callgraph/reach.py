"""Find the definitions and packages that a function may depend on.

    entry ──names──▶ definition ──names──▶ definition …      each with a digest of its source
                         └──▶ package (numpy, torch)          each with a version

| What is read | What counts |
| --- | --- |
| a name, here or through imports and ``__init__`` | all statements that bind it, in order |
| a name bound in ``if`` or ``try`` | that whole statement, all branches |
| a class | all of it, decorators and bases; unless it is only a base, its subclasses too |
| a protocol | its subclasses, and classes that have one of its methods |
| an annotation, quoted or not | as any other use of the names in it |
| ``module.name`` of a project module | that name alone |
| an import of a project module | nothing by itself: modules only define |
| an import of a package | the package; also one at the top whose name nobody reads |
| what a name stands for (``sin`` → ``math.sin``) | part of the reader's digest |
| a docstring | nothing, unless something reached reads ``__doc__`` |
| a module used as a value, a missing name, ``*``, a computed ``getattr`` | that whole module |
| ``eval``, ``import_module``, pickles, a value changed in place, an untyped entry | all |
| side effects at import, or a package's state changed, anywhere in the project | its whole module |

Why methods need no match by name: an object of a project class exists only where a reached
definition names the class (a call, an annotation, a return type), names one that makes it, or
where it comes in as an argument of the entry. Arguments are annotated, and the class named there
counts with its subclasses. What is trusted: a callable or a value of a foreign type that an
argument carries in its fields is without influence, arguments are not changed in place, a
module's value is not changed through another name for it, the project's classes and decorators
only make values when a module calls them at import, and a package changes only with its version.

Not code, and so not counted, are files and the environment. What reached code reads of them without
being given it is listed (``Reach.reads``), for the check to compare with the declared resources.
"""

from dataclasses import replace
from pathlib import Path

from reviewflow.callgraph.project import Project, Target, link_project
from reviewflow.callgraph.reached import Reach
from reviewflow.callgraph.references import Unresolved
from reviewflow.callgraph.source_files import default_root, read_sources, text_digests
from reviewflow.callgraph.traversal import Traversal
from reviewflow.errors import ReviewflowError


def reach(
    entry: str, *, root: Path | None = None, packages: tuple[str, ...] = ("reviewflow",)
) -> Reach:
    """Return what a function reaches.

    Parameters
    ----------
    entry : module path and name, ``"reviewflow.text.normalize.normalize_part"``.
    root : the folder that holds the packages; the running project's by default.
    packages : the packages whose definitions are followed.

    Raises
    ------
    ReviewflowError
        There is no such definition, or a file of the project is not Python.
    """
    files = read_sources(root or default_root(), packages)
    project = link_project(files, packages)
    return replace(reach_in_project(project, entry), modules=text_digests(files))


def reach_in_project(project: Project, entry: str) -> Reach:
    """Return what ``entry`` reaches in a linked project."""
    traversal = Traversal(project)
    for module in project.import_side_effects:
        traversal.count_module(module)
    for target in entry_targets(project, entry):
        traversal.count(target.module, target.name)
        for statement in project.modules[target.module].binding(target.name):
            for name in statement.untyped:
                why = f"takes {name}, whose annotation does not tell what comes in"
                traversal.mark(target.module, Unresolved(statement.line, why, True))
            if statement.kind not in ("function", "class"):
                why = f"makes {target.name} in a way that does not tell what comes in"
                traversal.mark(target.module, Unresolved(statement.line, why, True))
    return Reach(
        traversal.definitions(),
        tuple(sorted(traversal.packages)),
        tuple(sorted(traversal.unresolved)),
        tuple(sorted(traversal.reads)),
        entry,
    )


def entry_targets(project: Project, entry: str) -> list[Target]:
    """Return the definitions that an entry's dotted name stands for."""
    parts = entry.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:cut])
        if module in project.modules:
            targets = project.find(module, tuple(parts[cut:]))
            definitions = [target for target in targets if target.kind == "definition"]
            if definitions:
                return definitions
    raise ReviewflowError(f"The project defines no {entry}; give a module path and a function.")
