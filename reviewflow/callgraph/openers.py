"""Note calls that may open a file, and openers used as values.

open("a.json")                      a call whose first argument nothing gives      role open
read = open, map(open, names)       a value: whoever gets it may call it           role passed
map(open, folder.iterdir())         a value beside an argument that is given       allowed
x: Path, isinstance(x, Path)        a type                                         allowed
"""

import ast
import builtins

from reviewflow.callgraph.named_files import is_given
from reviewflow.callgraph.references import Collector
from reviewflow.callgraph.scopes import Scope

HARMLESS_BUILTINS = frozenset(dir(builtins)) - {"open"}


def note_call(collector: Collector, node: ast.Call, scope: Scope | None) -> None:
    """Note a call that may open what no argument gives."""
    function = node.func
    collector.called.add(function)
    arguments = [*node.args, *(each.value for each in node.keywords)]
    may_open = not collector.inside_path and _may_open(function, scope)
    if may_open and not (arguments and is_given(arguments[0], scope)):
        collector.add_chain("open", function, scope)
    passed = [each for each in arguments if _may_open(each, scope)]
    if passed and any(is_given(each, scope) for each in arguments):
        collector.called.update(passed)


def note_value(collector: Collector, node: ast.Name | ast.Attribute, scope: Scope | None) -> None:
    """Note a function that is not called where it is named."""
    is_type = collector.inside_type or collector.inside_path
    if node not in collector.called and not is_type and _may_open(node, scope):
        collector.add_chain("passed", node, scope)


def asks_type(function: ast.expr) -> bool:
    """Tell whether a call takes its arguments as types."""
    return isinstance(function, ast.Name) and function.id in ("isinstance", "issubclass")


def _may_open(function: ast.expr, scope: Scope | None) -> bool:
    """Tell whether a call may be one of a package's function, or of ``open``."""
    while isinstance(function, (ast.Attribute, ast.Subscript)):
        function = function.value
    if not isinstance(function, ast.Name) or function.id in HARMLESS_BUILTINS:
        return False
    while scope is not None and function.id not in scope.names:
        scope = scope.outer
    return scope is None or bool(scope.names[function.id])
