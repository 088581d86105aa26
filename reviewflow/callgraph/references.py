"""Represent what a piece of code refers to outside itself, and how.

    return np.sqrt(scale * x)   ──▶   value  np.sqrt,  value  scale          (x is a local)

A reference is a chain of attributes that starts at one of the module's names, or, where the
function imports the name itself, at that import.
"""

import ast
from typing import NamedTuple

from reviewflow.callgraph.scopes import Origin, Scope
from reviewflow.callgraph.source_files import SourceFile

OWN_FILE = b"__file__"
DOCUMENTATION = frozenset({"__doc__", "getdoc", "getcomments"})


class Reference(NamedTuple):
    """A chain of attributes from a module's name.

    Attributes
    ----------
    role : how it is used.

        - ``value``: read; ``maybe``: read, if it is a name at all;
        - ``lazy``: imported inside a function;
        - ``base``: base of a class; ``decorator``: decorates at import;
        - ``write``, ``mutate``, ``augment``, ``decorate``: changed in place;
        - ``call``: called at import;
        - ``open``: called with a first argument that the function is not given;
        - ``passed``: used as a value, and so perhaps called elsewhere.
    module : where the chain starts; empty for the names of the module itself.
    attributes : the chain.
    line : the first line where it is used so.
    """

    role: str
    module: str
    attributes: tuple[str, ...]
    line: int


class Unresolved(NamedTuple):
    """A place whose reach cannot be resolved.

    Attributes
    ----------
    everywhere : whether the whole project counts, and not only the module.
    """

    line: int
    why: str
    everywhere: bool


class NamedFile(NamedTuple):
    """A file that the code names by its own place.

    Attributes
    ----------
    path : below the folder that holds the packages; empty where no literal names it.
    """

    line: int
    path: str


class Collector:
    """The references and unresolved places of one statement of a module."""

    def __init__(self, source: SourceFile) -> None:
        self.package = source.package
        self.file = source.file
        self.lines: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self.unresolved: list[Unresolved] = []
        self.named_files: list[NamedFile] = []
        self.reads_documentation = False
        self.lenient = False
        self.names_own_file = OWN_FILE in source.text
        self.inside_path = False
        self.inside_type = False
        self.called: set[ast.AST] = set()  # functions that are called where they are named

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every reference, each once, in the order of its first line."""
        return tuple(Reference(*key, line) for key, line in self.lines.items())

    def add(self, role: str, origin: Origin, line: int) -> None:
        """Add one reference."""
        self.lines.setdefault((role, *origin), line)

    def mark(self, node: ast.expr | ast.stmt, why: str, *, everywhere: bool = True) -> None:
        """Mark a place as unresolved."""
        self.unresolved.append(Unresolved(node.lineno, why, everywhere))

    def add_chain(self, role: str, node: ast.expr, scope: Scope | None) -> bool:
        """Add a chain of attributes and items, and tell if ``node`` is one."""
        line, attributes = node.lineno, []
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            if isinstance(node, ast.Attribute):
                attributes.append(node.attr)
            else:
                attributes.clear()
            node = node.value
        if not isinstance(node, ast.Name):
            return False
        if node.id in DOCUMENTATION:
            self.reads_documentation = True
        rest = tuple(reversed(attributes))
        for used, origin in self._origins(role, node.id, rest, scope):
            self.add("maybe" if self.lenient and used == "value" else used, origin, line)
        return True

    def _origins(
        self, role: str, name: str, rest: tuple[str, ...], scope: Scope | None
    ) -> list[tuple[str, Origin]]:
        """Return what a chain from ``name`` may stand for, with its roles."""
        while scope is not None and name not in scope.global_names:
            if name in scope.names:
                origins = [(role, (module, (*path, *rest))) for module, path in scope.names[name]]
                if not scope.is_class or role not in ("value", "base", "decorator"):
                    return origins
                role = "base" if role == "base" else "maybe"
                return origins + self._origins(role, name, rest, scope.outer)
            scope = scope.outer
        return [(role, ("", (name, *rest)))]
