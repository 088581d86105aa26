"""Find what code changes in place by other means than a plain assignment."""

import ast

from reviewflow.callgraph.references import Collector
from reviewflow.callgraph.rules import MUTATORS
from reviewflow.callgraph.scopes import Scope


def is_own_class(node: ast.expr) -> bool:
    """Tell whether this is how a method names the class of its object."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "type"
    return (isinstance(node, ast.Name) and node.id == "cls") or (
        isinstance(node, ast.Attribute) and node.attr == "__class__"
    )


def is_package_attribute(node: ast.expr) -> bool:
    """Tell whether this may be ``os.environ``.

    An item that is set there is not read.
    """
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)


def attribute_call(
    collector: Collector, node: ast.Call, which: str, scope: Scope | None
) -> list[ast.AST]:
    """Mark a computed attribute, and return what is left to collect from.

    ``getattr(x, "name")`` is read as ``x.name``, and ``setattr(x, "name", 3)`` as a change of it.
    """
    owner, name = (node.args[0], node.args[1]) if len(node.args) > 1 else (None, None)
    known = name.value if isinstance(name, ast.Constant) else None
    if owner is None or not isinstance(known, str):
        if owner is not None and which != "getattr":
            collector.add_chain("write", owner, scope)
        collector.mark(node, f"takes an attribute that a value names ({which})", everywhere=False)
        return [*node.args, *node.keywords]
    attribute = ast.Attribute(owner, known, ast.Load(), lineno=node.lineno)
    if which != "getattr":
        collector.add_chain("write", attribute, scope)
    return [attribute, *node.args[2:], *node.keywords]


def mark_shared_state(collector: Collector, node: ast.ClassDef) -> None:
    """Mark a class that changes a value which all its instances share."""
    shared = {
        target.id
        for statement in node.body
        if isinstance(statement, ast.Assign) and not isinstance(statement.value, ast.Constant)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for part in ast.walk(node) if shared else ():
        owner: ast.expr | None = None
        if isinstance(part, ast.Subscript) and type(part.ctx) is not ast.Load:
            owner = part.value
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            owner = part.func.value if part.func.attr in MUTATORS else None
        if isinstance(owner, ast.Attribute) and owner.attr in shared:
            collector.mark(owner, f"changes {owner.attr}, which all instances share, in place")
