"""What a piece of code refers to: the names that it reads, outside of itself, and how.

    return np.sqrt(scale * x)   ──▶   value  np.sqrt,  value  scale          (x is a local)

A reference is a chain of attributes that starts at one of the module's names, or, where the
function imports the name itself, at that import.
"""

import ast
from typing import NamedTuple

from reviewflow.callgraph.scopes import Place, Scope

DOCUMENTATION = frozenset({"__doc__", "getdoc", "getcomments"})


class Reference(NamedTuple):
    """A chain of attributes from a module's name.

    ``role`` says how it is used: ``value``; ``base`` of a class; ``lazy``, imported inside a
    function; ``maybe``, perhaps no name at all; ``write``, ``mutate`` and ``augment``, changed
    in place; ``decorate``, decorates through an attribute; ``call``, called at import.
    ``module`` is empty for the names of the module itself.
    """

    role: str
    module: str
    attributes: tuple[str, ...]
    line: int


class Doubt(NamedTuple):
    """A place where the reach cannot be told; ``everywhere`` if no module bounds it."""

    line: int
    why: str
    everywhere: bool


class Collector:
    """Gathers the references and doubts of one statement of a module."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.found: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self.doubts: list[Doubt] = []
        self.reads_documentation = False
        self.lenient = False

    @property
    def references(self) -> tuple[Reference, ...]:
        """Everything found, each once, in the order of its first line."""
        return tuple(Reference(*key, line) for key, line in self.found.items())

    def note(self, role: str, place: Place, line: int) -> None:
        """Remember one reference."""
        self.found.setdefault((role, *place), line)

    def doubt(self, node: ast.expr | ast.stmt, why: str, *, everywhere: bool = True) -> None:
        """Remember a place that cannot be told."""
        self.doubts.append(Doubt(node.lineno, why, everywhere))

    def look_up(
        self, role: str, name: str, rest: tuple[str, ...], scope: Scope | None
    ) -> list[tuple[str, Place]]:
        """Return what a chain that starts at ``name`` may stand for, with the role of each."""
        while scope is not None and name not in scope.module_names:
            if name in scope.names:
                places = [(role, (module, (*path, *rest))) for module, path in scope.names[name]]
                if not scope.is_class or role not in ("value", "base"):
                    return places
                role = "maybe" if role == "value" else role
                return places + self.look_up(role, name, rest, scope.outer)
            scope = scope.outer
        return [(role, ("", (name, *rest)))]

    def chain(self, role: str, node: ast.expr, scope: Scope | None) -> bool:
        """Note the chain of attributes and items that ``node`` is; tell whether it is one."""
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
        for found, place in self.look_up(role, node.id, rest, scope):
            self.note("maybe" if self.lenient and found == "value" else found, place, line)
        return True
