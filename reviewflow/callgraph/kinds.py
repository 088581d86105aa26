"""What kinds of statements stand at the top of a module, and which of them only define."""

import ast

from reviewflow.callgraph.normalize import is_inert
from reviewflow.callgraph.scopes import FUNCTIONS

ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)


def flattened(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements of a module that count: those for type checkers among them, those
    for running it as a program not."""
    found: list[ast.stmt] = []
    for node in body:
        test = ast.unparse(node.test) if isinstance(node, ast.If) and not node.orelse else ""
        if isinstance(node, ast.If) and test in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            found.extend(flattened(node.body))
        elif not is_inert(node) and test.replace('"', "'") != "__name__ == '__main__'":
            found.append(node)
    return found


def kind_of(node: ast.stmt) -> str:
    """Return which kind of top-level statement this is."""
    if isinstance(node, FUNCTIONS):
        return "function"
    if isinstance(node, ast.ClassDef):
        return "class" if all(only_defines(each) for each in node.body) else "action"
    if isinstance(node, (ast.If, ast.Try)):
        return "block" if only_defines(node) else "action"
    return "constant" if only_defines(node) else "action"


def only_defines(node: ast.stmt) -> bool:
    """Tell whether a statement defines, assigns to plain names, imports, or branches to such."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Raise)):
        return True
    if isinstance(node, ASSIGNMENTS):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return all(_is_plain(target) for target in targets)
    if isinstance(node, ast.If):
        return all(only_defines(each) for each in [*node.body, *node.orelse])
    if isinstance(node, ast.Try):
        handled = [each for handler in node.handlers for each in handler.body]
        branches = [*node.body, *handled, *node.orelse, *node.finalbody]
        return all(only_defines(each) for each in branches)
    return is_inert(node) or type(node).__name__ == "TypeAlias"


def _is_plain(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(_is_plain(each) for each in target.elts)
    return isinstance(target, (ast.Name, ast.Starred))
