"""Find the files that code names by itself instead of receiving them.

    open(folder / "a.json")                  folder is a parameter: given
    open("a.json"), Path("a.json")           a text in the code: refused
    Path(__file__).with_name("a.json")       beside the source: seen, by the file's name

The rule is about values, not about types: a name is *given* if it is a parameter, or if some
statement of the function binds it to an expression with a given name in it. A parameter of type
``str`` is not given, since a caller could write the text of a path; pass paths as ``Path``.
"""

import ast
from collections.abc import Iterator

from reviewflow.callgraph.scopes import Scope, names_in

OWN_FILE = "__file__"
OWN_PLACES = frozenset({OWN_FILE, "__path__", "__spec__", "__loader__", "__cached__"})
SAME_PLACE = frozenset({"absolute", "resolve"})


def is_given(node: ast.AST, scope: Scope | None) -> bool:
    """Tell whether an expression depends on an argument or ``__file__``."""
    names = names_in(node)
    if OWN_FILE in names:  # reported by itself, see ``beside``
        return True
    scopes = list(_chain(scope))
    return (
        any(not names.isdisjoint(each.arguments_given) for each in scopes)
        or any(not names.isdisjoint(each.files) for each in scopes)
        or any(not names.isdisjoint(each.inputs) for each in scopes)  # this takes time to find
    )


def _chain(scope: Scope | None) -> Iterator[Scope]:
    """Yield a scope and those around it."""
    while scope is not None:
        yield scope
        scope = scope.outer


def beside(node: ast.AST, scope: Scope | None, file: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the path that an expression names, seen from its own source.

    Parameters
    ----------
    node : ``Path(__file__).parent / "templates" / "page.html"``.
    file : the source file's own path below the folder that holds the packages.

    Returns
    -------
    The pieces of the path below that folder, or None if the expression has another form.
    """
    if isinstance(node, ast.Name) and type(node.ctx) is ast.Load:
        return _local_file(node.id, scope)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _join(beside(node.left, scope, file), [node.right])
    if isinstance(node, ast.Attribute) and node.attr == "parent":
        return _parent(beside(node.value, scope, file), 1)
    if isinstance(node, ast.Subscript):
        return _file_of_subscript(node, scope, file)
    if isinstance(node, ast.Call) and not node.keywords:
        return _file_of_call(node, scope, file)
    return None


def is_folder(node: ast.AST) -> bool:
    """Tell whether a path from ``beside`` ends at a folder above."""
    return isinstance(node, (ast.Attribute, ast.Subscript))


def _file_of_call(
    node: ast.Call, scope: Scope | None, file: tuple[str, ...]
) -> tuple[str, ...] | None:
    function, arguments = node.func, node.args
    name = function.attr if isinstance(function, ast.Attribute) else ""
    is_path = name == "Path" or (isinstance(function, ast.Name) and function.id == "Path")
    if is_path and len(arguments) == 1:
        own = arguments[0]
        return file if isinstance(own, ast.Name) and own.id == OWN_FILE else None
    if not isinstance(function, ast.Attribute):
        return None
    start = beside(function.value, scope, file)
    if name == "with_name" and len(arguments) == 1:
        return _join(_parent(start, 1), arguments)
    if name == "joinpath":
        return _join(start, arguments)
    return start if name in SAME_PLACE and not arguments else None


def _file_of_subscript(
    node: ast.Subscript, scope: Scope | None, file: tuple[str, ...]
) -> tuple[str, ...] | None:
    """Follow ``.parents[1]``."""
    parents, index = node.value, node.slice
    if not (isinstance(parents, ast.Attribute) and parents.attr == "parents"):
        return None
    if not (isinstance(index, ast.Constant) and isinstance(index.value, int) and index.value >= 0):
        return None
    return _parent(beside(parents.value, scope, file), index.value + 1)


def _parent(path: tuple[str, ...] | None, levels: int) -> tuple[str, ...] | None:
    return path[:-levels] if path is not None and len(path) >= levels else None


def _join(path: tuple[str, ...] | None, nodes: list[ast.expr]) -> tuple[str, ...] | None:
    """Add literal pieces to a path."""
    for node in nodes:
        if path is None or not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            return None
        path = (*path, *node.value.split("/"))
    return path if path is None or not {"", "..", "."} & set(path) else None


def _local_file(name: str, scope: Scope | None) -> tuple[str, ...] | None:
    while scope is not None and name not in scope.names:
        scope = scope.outer
    return scope.files.get(name) if scope is not None else None
