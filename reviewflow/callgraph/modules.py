"""Read a source file as a table of names and statements.

K = 3          ──▶   names["K"] = (0, 2)     statements 0 and 2 bind K, in this order
def f(): …     ──▶   names["f"] = (1,)
K += 1
"""

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from reviewflow.callgraph.collect import collect
from reviewflow.callgraph.normalize import digest, digests, is_inert
from reviewflow.callgraph.references import Collector, NamedFile, Reference, Unresolved
from reviewflow.callgraph.scopes import FUNCTIONS, Origin, bindings, import_bindings, parameters
from reviewflow.callgraph.source_files import SourceFile
from reviewflow.errors import ReviewflowError

UNTYPED = frozenset({"Any", "object", "Callable"})  # annotations that tell nothing
ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
TYPE_CHECKING = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
ACTS = "does something at import that is neither definition, constant nor import"


class Statement(NamedTuple):
    """A top-level statement.

    Attributes
    ----------
    kind : function, class, constant, import, block (branches that only define), star
        (``import *``) or action (anything else: it has side effects at import).
    plain, documented : digests without and with docstrings.
    target : what an import stands for.
    untyped : parameters whose annotation does not say what comes in.
    members : methods of a class.
    imports : names that the branches of a block import.
    """

    kind: str
    line: int
    plain: str
    documented: str
    references: tuple[Reference, ...]
    unresolved: tuple[Unresolved, ...] = ()
    named_files: tuple[NamedFile, ...] = ()
    reads_documentation: bool = False
    target: Origin | None = None
    untyped: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()

    @property
    def rebinds(self) -> list[str]:
        """Names of the module that a function in here binds (``global``)."""
        writes = [each for each in self.references if each.role == "write" and not each.module]
        return [each.attributes[0] for each in writes if len(each.attributes) == 1]


class Module(NamedTuple):
    """A module: its names and statements.

    Attributes
    ----------
    names : for each name the indices of the statements that bind it, in source order.
    plain, documented : digests of all statements, without and with docstrings.
    docstring : digest of the module's own docstring.
    unused_imports : imports at the top whose name nothing in the module reads.
    """

    name: str
    statements: tuple[Statement, ...]
    names: dict[str, tuple[int, ...]]
    plain: str
    documented: str
    docstring: str
    unused_imports: tuple[Statement, ...]

    def binding(self, name: str) -> list[Statement]:
        """Return the statements that bind ``name``, in source order."""
        return [self.statements[index] for index in self.names.get(name, ())]

    def statements_of(self, kind: str) -> list[Statement]:
        """Return the statements of one kind."""
        return [each for each in self.statements if each.kind == kind]


@lru_cache(maxsize=4096)
def parse_module(source: SourceFile) -> Module:
    """Return the table of a source file.

    Raises
    ------
    ReviewflowError
        The file is not Python.
    """
    try:
        tree = ast.parse(source.text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise ReviewflowError(
            f"{source.path}:{line} cannot be read as Python ({error}); correct it and try again."
        ) from error
    top = list(_effective(tree.body))
    future = tuple(sorted(_future_imports(top)))
    statements: list[Statement] = []
    names: dict[str, list[int]] = {}
    for node in top:
        for statement, bound in _statements(node, source, future):
            for name in bound:
                names.setdefault(name, []).append(len(statements))
            statements.append(statement)
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
        () if source.is_package else _unused_imports(statements, names),
    )


def _effective(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that count.

    Those for type checkers count, those for running the module as a program do not.
    """
    for node in body:
        test = ast.unparse(node.test) if isinstance(node, ast.If) and not node.orelse else ""
        if isinstance(node, ast.If) and test in TYPE_CHECKING:
            yield from _effective(node.body)
        elif not is_inert(node) and test.replace('"', "'") != "__name__ == '__main__'":
            yield node


def _unused_imports(
    statements: list[Statement], names: dict[str, list[int]]
) -> tuple[Statement, ...]:
    used = {
        reference.attributes[0]
        for statement in statements
        for reference in statement.references
        if not reference.module
    }
    unused = {index for name, indices in names.items() if name not in used for index in indices}
    return tuple(statements[i] for i in sorted(unused) if statements[i].kind == "import")


def _future_imports(top: list[ast.stmt]) -> set[str]:
    future = [each for each in top if isinstance(each, ast.ImportFrom)]
    return {alias.name for each in future if each.module == "__future__" for alias in each.names}


def _statements(
    node: ast.stmt, source: SourceFile, future: tuple[str, ...]
) -> Iterator[tuple[Statement, list[str]]]:
    """Yield what a top-level statement comes to, with the names that it binds.

    An import gives a statement for each of its names, anything else gives one.
    """
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        names, _ = bindings([node], source.package)
        imported = tuple(name for name, origins in names.items() if origins)
        yield _statement(node, source, future)._replace(imports=imported), list(names)
        return
    for name, origin in import_bindings(node, source.package):
        if name == "*":
            yield _statement(node, source, future)._replace(kind="star"), []
        elif origin[0] != "__future__":
            plain = digest([*future, "import", name, origin[0], *origin[1]])
            reference = Reference("value", *origin, node.lineno)
            kind, line = "import", node.lineno
            yield Statement(kind, line, plain, plain, (reference,), target=origin), [name]


def _statement(node: ast.stmt, source: SourceFile, future: tuple[str, ...]) -> Statement:
    collector = Collector(source)
    collect(collector, node, None)
    kind = kind_of(node)
    unresolved = collector.unresolved
    if kind == "action":
        unresolved = [Unresolved(node.lineno, ACTS, False), *unresolved]
    elif kind in ("constant", "block"):
        _add_calls(collector, node)
    own = digests(node, opening=future)
    return Statement(
        kind,
        node.lineno,
        own.plain,
        own.documented,
        collector.references,
        tuple(unresolved),
        tuple(collector.named_files),
        collector.reads_documentation,
        untyped=_untyped_parameters(node) if isinstance(node, FUNCTIONS) else (),
        members=_members(node) if isinstance(node, ast.ClassDef) else (),
    )


def kind_of(node: ast.stmt) -> str:
    """Return which kind of top-level statement this is."""
    if isinstance(node, FUNCTIONS):
        return "function"
    if isinstance(node, ast.ClassDef):
        return "class" if all(_only_defines(each) for each in node.body) else "action"
    if isinstance(node, (ast.If, ast.Try)):
        return "block" if _only_defines(node) else "action"
    return "constant" if _only_defines(node) else "action"


def _only_defines(node: ast.stmt) -> bool:
    """Tell whether a statement only defines.

    That is a definition, an assignment to plain names, an import, or branches of such.
    """
    if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Raise)):
        return True
    if isinstance(node, ASSIGNMENTS):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return all(_is_plain(target) for target in targets)
    if isinstance(node, ast.If):
        return all(_only_defines(each) for each in [*node.body, *node.orelse])
    if isinstance(node, ast.Try):
        handled = [each for handler in node.handlers for each in handler.body]
        branches = [*node.body, *handled, *node.orelse, *node.finalbody]
        return all(_only_defines(each) for each in branches)
    return is_inert(node) or type(node).__name__ == "TypeAlias"


def _is_plain(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(_is_plain(each) for each in target.elts)
    return isinstance(target, (ast.Name, ast.Starred))


def _add_calls(collector: Collector, node: ast.AST) -> None:
    """Add what is called while the module is imported."""
    if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
        return
    if isinstance(node, ast.Call):
        collector.add_chain("call", node.func, None)
    for child in ast.iter_child_nodes(node):
        _add_calls(collector, child)


def _untyped_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    """Return the parameters through which anything may come in."""

    def is_untyped(annotation: ast.expr | None) -> bool:
        if annotation is None:
            return True
        parts = list(ast.walk(annotation))
        names = {each.id for each in parts if isinstance(each, ast.Name)}
        names |= {each.attr for each in parts if isinstance(each, ast.Attribute)}
        return not names.isdisjoint(UNTYPED)

    return tuple(each.arg for each in parameters(node.args) if is_untyped(each.annotation))


def _members(node: ast.ClassDef) -> tuple[str, ...]:
    return tuple(each.name for each in node.body if isinstance(each, FUNCTIONS))
