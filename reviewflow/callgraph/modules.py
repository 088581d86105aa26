"""One source file as a table: each top-level name, and the statements that bind it.

K = 3          ──▶   names["K"] = (0, 2)     statements 0 and 2 bind K, in this order
def f(): …     ──▶   names["f"] = (1,)
K += 1
"""

import ast
from functools import lru_cache
from typing import NamedTuple

from reviewflow.callgraph.kinds import flattened, kind_of
from reviewflow.callgraph.normalize import digest, digests
from reviewflow.callgraph.reading import read
from reviewflow.callgraph.references import Collector, Doubt, Reference
from reviewflow.callgraph.scopes import FUNCTIONS, Place, bindings, imported, parameters
from reviewflow.errors import ReviewflowError

LOOSE_TYPES = frozenset({"Any", "object", "Callable"})


class Source(NamedTuple):
    """A source file: its module's dotted name, where it lies, its bytes."""

    module: str
    path: str
    is_package: bool
    text: bytes


class Statement(NamedTuple):
    """A top-level statement.

    ``kind`` is function, class, constant, import, block (branches that only define), star
    (``import *``) or action (anything else: it acts at import). ``target`` is what an import
    stands for, ``loose`` the parameters whose type tells nothing, ``members`` the methods of a
    class, ``imports`` the names that the branches of a block import.
    """

    kind: str
    line: int
    plain: str
    documented: str
    references: tuple[Reference, ...]
    doubts: tuple[Doubt, ...]
    reads_documentation: bool
    target: Place | None = None
    loose: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()

    @property
    def rebinds(self) -> list[str]:
        """Names of the module that a function in here binds (``global``)."""
        writes = [each for each in self.references if each.role == "write" and not each.module]
        return [each.attributes[0] for each in writes if len(each.attributes) == 1]


class Module(NamedTuple):
    """A module: its statements, and for each name the indices of those that bind it.

    ``idle_imports`` are imports at the top whose name nothing in the module reads.
    """

    name: str
    statements: tuple[Statement, ...]
    names: dict[str, tuple[int, ...]]
    plain: str
    documented: str
    docstring: str
    idle_imports: tuple[Statement, ...]

    def binding(self, name: str) -> list[Statement]:
        """Return the statements that bind ``name``, in source order."""
        return [self.statements[index] for index in self.names.get(name, ())]

    def statements_of(self, kind: str) -> list[Statement]:
        """Return the statements of one kind."""
        return [each for each in self.statements if each.kind == kind]


@lru_cache(maxsize=4096)
def parsed(source: Source) -> Module:
    """Return the table of a source file.

    Raises
    ------
    ReviewflowError
        The file is no Python.
    """
    try:
        tree = ast.parse(source.text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise ReviewflowError(
            f"{source.path}:{line} cannot be read as Python ({error}); mend it and try again."
        ) from error
    package = source.module if source.is_package else source.module.rpartition(".")[0]
    top = list(flattened(tree.body))
    future = tuple(sorted(_future_imports(top)))
    statements: list[Statement] = []
    names: dict[str, list[int]] = {}
    for node in top:
        for made, bound in statements_of(node, package, future):
            for name in bound:
                names.setdefault(name, []).append(len(statements))
            statements.append(made)
    for index, statement in enumerate(statements):
        for name in statement.rebinds:
            names.setdefault(name, [index])
    return Module(
        source.module,
        tuple(statements),
        {name: tuple(indices) for name, indices in names.items()},
        digest([*future, *(each.plain for each in statements)]),
        digest([*future, *(each.documented for each in statements)]),
        digest([ast.get_docstring(tree, clean=False) or ""]),
        () if source.is_package else _idle_imports(statements, names),
    )


def _idle_imports(
    statements: list[Statement], names: dict[str, list[int]]
) -> tuple[Statement, ...]:
    read = {
        reference.attributes[0]
        for statement in statements
        for reference in statement.references
        if not reference.module
    }
    idle = {index for name, indices in names.items() if name not in read for index in indices}
    return tuple(statements[i] for i in sorted(idle) if statements[i].kind == "import")


def _future_imports(top: list[ast.stmt]) -> set[str]:
    future = [each for each in top if isinstance(each, ast.ImportFrom)]
    return {alias.name for each in future if each.module == "__future__" for alias in each.names}


def statements_of(
    node: ast.stmt, package: str, future: tuple[str, ...]
) -> list[tuple[Statement, list[str]]]:
    """Return what a top-level statement comes to: one statement for each name of an import, one
    for anything else; each with the names that it binds."""
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        names, _ = bindings([node], package)
        imports = tuple(name for name, places in names.items() if places)
        return [(_statement(node, package, future)._replace(imports=imports), list(names))]
    found: list[tuple[Statement, list[str]]] = []
    for alias, (name, place) in zip(node.names, imported(node, package), strict=True):
        plain = digest([*future, ast.dump(alias), *place[1], place[0]])
        reference = Reference("value", *place, node.lineno)
        if name == "*":
            doubt = Doubt(node.lineno, f"imports every name of {place[0]} (*)", False)
            everything = Reference("value", place[0], (), node.lineno)
            made = Statement("star", node.lineno, plain, plain, (everything,), (doubt,), False)
            found.append((made, []))
        elif place[0] != "__future__":
            made = Statement(
                "import", node.lineno, plain, plain, (reference,), (), False, target=place
            )
            found.append((made, [name]))
    return found


def _statement(node: ast.stmt, package: str, future: tuple[str, ...]) -> Statement:
    collector = Collector(package)
    read(collector, node, None)
    kind = kind_of(node)
    doubts = collector.doubts
    if kind == "action":
        why = "does something at import that is neither definition, constant nor import"
        doubts = [Doubt(node.lineno, why, False), *doubts]
    elif kind in ("constant", "block"):
        _read_calls(collector, node)
    own = digests(node, opening=future)
    return Statement(
        kind,
        node.lineno,
        own.plain,
        own.documented,
        collector.references,
        tuple(doubts),
        collector.reads_documentation,
        loose=_loose(node) if isinstance(node, FUNCTIONS) else (),
        members=_members(node) if isinstance(node, ast.ClassDef) else (),
    )


def _read_calls(collector: Collector, node: ast.AST) -> None:
    """Note what is called while the module is imported."""
    if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
        return
    if isinstance(node, ast.Call):
        collector.chain("call", node.func, None)
    for child in ast.iter_child_nodes(node):
        _read_calls(collector, child)


def _loose(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    """Return the parameters through which anything may come in."""

    def is_loose(annotation: ast.expr | None) -> bool:
        if annotation is None:
            return True
        parts = list(ast.walk(annotation))
        names = {each.id for each in parts if isinstance(each, ast.Name)}
        names |= {each.attr for each in parts if isinstance(each, ast.Attribute)}
        return not names.isdisjoint(LOOSE_TYPES)

    return tuple(each.arg for each in parameters(node.args) if is_loose(each.annotation))


def _members(node: ast.ClassDef) -> tuple[str, ...]:
    return tuple(each.name for each in node.body if isinstance(each, FUNCTIONS))
