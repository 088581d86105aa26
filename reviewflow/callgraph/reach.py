"""What a function's result may depend on: the project definitions and packages it reaches.

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
| a statement that acts at import, anywhere in the project | its whole module, for every entry |

Why methods need no match by name: an object of a project class exists only where a reached
definition names the class (a call, an annotation, a return type), names one that makes it, or
where it comes in as an argument of the entry; arguments are annotated, and the class named there
counts with its subclasses. What is trusted: a callable or a value of a foreign type that an
argument carries in its fields is without influence, arguments are not changed in place, a
module's value is not changed through another name for it, the project's classes and decorators
only make values when a module calls them at import, and a package changes only with its version.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from reviewflow.callgraph.import_hook import text_digest
from reviewflow.callgraph.modules import Source
from reviewflow.callgraph.project import Project, Target, linked, own_root, sources
from reviewflow.callgraph.references import Doubt
from reviewflow.callgraph.traversal import Walk
from reviewflow.errors import ReviewflowError


@dataclass(frozen=True)
class Reach:
    """What a function reaches.

    Attributes
    ----------
    definitions : dotted name of each definition to a digest of its source (16 hexadecimal
        digits); ``module.*`` stands for a module that counts whole.
    packages : import roots of the third-party packages that they use, sorted.
    unclear : where the reach could not be told and more was counted, as ``module:line why``.
    entry : the function.
    modules : every module of the project to the digest of the text that was read, which
        :func:`reviewflow.callgraph.imported.changed_modules` holds against what is imported.
    """

    definitions: dict[str, str]
    packages: tuple[str, ...]
    unclear: tuple[str, ...]
    entry: str = field(default="", compare=False)
    modules: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


def reach(
    entry: str, *, root: Path | None = None, packages: tuple[str, ...] = ("reviewflow",)
) -> Reach:
    """Return what a function reaches.

    Parameters
    ----------
    entry : module path and name, ``"reviewflow.text.normalize.normalize"``.
    root : the folder that holds the packages; the running project's by default.
    packages : the packages whose definitions are followed.

    Raises
    ------
    ReviewflowError
        There is no such definition, or a file of the project is no Python.
    """
    files = sources(root or own_root(), packages)
    return replace(reached(linked(files, packages), entry), modules=text_digests(files))


def text_digests(files: tuple[Source, ...]) -> dict[str, str]:
    """Return the digest of each module's text."""
    return {file.module: text_digest(file.text) for file in files}


def reached(project: Project, entry: str) -> Reach:
    """Return what ``entry`` reaches in a linked project."""
    walk = Walk(project)
    for module in project.acting:
        walk.count_module(module)
    for target in entry_targets(project, entry):
        walk.count(target.module, target.name)
        for statement in project.modules[target.module].binding(target.name):
            for name in statement.loose:
                why = f"takes {name}, whose annotation does not tell what comes in"
                walk.doubt(target.module, Doubt(statement.line, why, True))
            if statement.kind not in ("function", "class"):
                why = f"makes {target.name} in a way that does not tell what comes in"
                walk.doubt(target.module, Doubt(statement.line, why, True))
    packages, unclear = tuple(sorted(walk.packages)), tuple(sorted(walk.unclear))
    return Reach(walk.definitions(), packages, unclear, entry)


def entry_targets(project: Project, entry: str) -> list[Target]:
    """Return the definitions that an entry's dotted text stands for."""
    parts = entry.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:cut])
        if module in project.modules:
            found = project.find(module, tuple(parts[cut:]))
            definitions = [target for target in found if target.kind == "definition"]
            if definitions:
                return definitions
    raise ReviewflowError(f"The project defines no {entry}; give a module path and a function.")
