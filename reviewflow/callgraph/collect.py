"""Collect the references that each syntax node of a statement makes.

Names are looked up in the scopes around them, so that a local hides the module's name. What
is ambiguous is counted, never passed over.
"""

import ast
from collections.abc import Callable, Sequence

from reviewflow.callgraph.in_place import (
    attribute_call,
    is_own_class,
    is_package_attribute,
    mark_shared_state,
)
from reviewflow.callgraph.named_files import OWN_PLACES, beside, is_folder
from reviewflow.callgraph.openers import asks_type, note_call, note_value
from reviewflow.callgraph.references import DOCUMENTATION, Collector, NamedFile
from reviewflow.callgraph.rules import MUTATORS, OPAQUE_ATTRIBUTES
from reviewflow.callgraph.scopes import (
    FUNCTIONS,
    Scope,
    bindings,
    import_bindings,
    parameters,
    visible_scope,
)


def collect(collector: Collector, node: ast.AST, scope: Scope | None) -> None:
    """Collect from a node and everything within it.

    ``scope`` is None at the top of a module.
    """
    if collector.names_own_file and isinstance(node, ast.expr) and not collector.inside_path:
        path = beside(node, scope, collector.file)
        if path is not None:
            _path(collector, node, path, scope)
            return
    handler = HANDLERS.get(type(node))
    if handler is not None:
        handler(collector, node, scope)
    else:
        collect_all(collector, list(ast.iter_child_nodes(node)), scope)


def collect_all(collector: Collector, nodes: Sequence[ast.AST], scope: Scope | None) -> None:
    """Collect from several nodes."""
    for node in nodes:
        collect(collector, node, scope)


def _path(collector: Collector, node: ast.expr, path: tuple[str, ...], scope: Scope | None) -> None:
    """Note a file that is named by its place beside the source."""
    collector.named_files.append(NamedFile(node.lineno, "/".join(path)))
    _inside_path(collector, node, scope)


def _inside_path(collector: Collector, node: ast.expr, scope: Scope | None) -> None:
    collector.inside_path = True
    collect(collector, node, scope)
    collector.inside_path = False


def _name(collector: Collector, node: ast.Name, scope: Scope | None) -> None:
    if type(node.ctx) is not ast.Load:
        _rebind(collector, node.id, node.lineno, scope)
        return
    collector.add_chain("value", node, scope)
    note_value(collector, node, scope)
    if node.id in OWN_PLACES and not collector.inside_path:
        collector.named_files.append(NamedFile(node.lineno, ""))


def _rebind(collector: Collector, name: str, line: int, scope: Scope | None) -> None:
    """Note that a function binds a name of its module (``global``)."""
    if scope is not None and name in scope.global_names:
        collector.add("write", ("", (name,)), line)


def _attribute(collector: Collector, node: ast.Attribute, scope: Scope | None) -> None:
    if node.attr in DOCUMENTATION:
        collector.reads_documentation = True
    elif node.attr in OPAQUE_ATTRIBUTES:
        collector.mark(node, f"reads {node.attr}")
    elif node.attr in OWN_PLACES:
        collector.named_files.append(NamedFile(node.lineno, ""))
    if type(node.ctx) is not ast.Load:
        collector.add_chain("write", node, scope)
        if is_own_class(node.value):
            collector.mark(node, f"changes {node.attr} of its class")
    root: ast.expr = node
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(root, ast.Name) and root.id not in OWN_PLACES:
        collector.add_chain("value", node, scope)
        note_value(collector, node, scope)
    else:
        collect(collector, node.value, scope)


def _subscript(collector: Collector, node: ast.Subscript, scope: Scope | None) -> None:
    if type(node.ctx) is not ast.Load:
        collector.add_chain("write", node.value, scope)
    if type(node.ctx) is ast.Load or not is_package_attribute(node.value):
        collect(collector, node.value, scope)
    _types(collector, [node.slice], scope)


def _call(collector: Collector, node: ast.Call, scope: Scope | None) -> None:
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr in MUTATORS:
        collector.add_chain("mutate", function.value, scope)
    note_call(collector, node, scope)
    if isinstance(function, ast.Name) and function.id in ("getattr", "setattr", "delattr"):
        collect_all(collector, attribute_call(collector, node, function.id, scope), scope)
    else:
        if isinstance(function, ast.Name) and function.id == "type" and len(node.args) > 1:
            collector.mark(node, "makes a class while running (type)")
        _types(collector, [function, *node.args, *node.keywords], scope, asks_type(function))


def _types(
    collector: Collector, nodes: Sequence[ast.AST], scope: Scope | None, inside: bool = True
) -> None:
    """Collect from nodes that name classes as types, which opens nothing."""
    before, collector.inside_type = collector.inside_type, inside
    collect_all(collector, nodes, scope)
    collector.inside_type = before


def _class_pattern(collector: Collector, node: ast.MatchClass, scope: Scope | None) -> None:
    _types(collector, [node.cls], scope)
    collect_all(collector, [*node.patterns, *node.kwd_patterns], scope)


def _constant(collector: Collector, node: ast.Constant, scope: Scope | None) -> None:
    if isinstance(node.value, str) and node.value in DOCUMENTATION:
        collector.reads_documentation = True


def _annotation(collector: Collector, node: ast.expr | None, scope: Scope | None) -> None:
    """Collect from an annotation, quoted names within it too."""
    if node is None:
        return
    _types(collector, [node], scope)
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            try:
                quoted = ast.parse(part.value.strip(), mode="eval").body
            except (SyntaxError, ValueError):
                continue
            before, collector.lenient = collector.lenient, True
            for inner in ast.walk(quoted):
                if isinstance(inner, (ast.expr, ast.stmt)):
                    inner.lineno = node.lineno
            _annotation(collector, quoted, scope)
            collector.lenient = before


def _function(
    collector: Collector,
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
    scope: Scope | None,
) -> None:
    body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else [*node.body]
    if not isinstance(node, ast.Lambda):
        _decorators(collector, node.decorator_list, scope)
        _rebind(collector, node.name, node.lineno, scope)
        _annotation(collector, node.returns, scope)
    defaults = [each for each in node.args.kw_defaults if each is not None]
    collect_all(collector, [*node.args.defaults, *defaults], scope)
    names, global_names = bindings(body, collector.package)
    for each in parameters(node.args):
        _annotation(collector, each.annotation, scope)
        names.setdefault(each.arg, [])
    inner = Scope(names, visible_scope(scope), False, global_names, arguments=node.args, body=body)
    collect_all(collector, body, inner)


def _decorators(collector: Collector, nodes: list[ast.expr], scope: Scope | None) -> None:
    """Collect from decorators.

    Those of a module's own functions and classes act at import.
    """
    at_import = visible_scope(scope) is None
    for node in nodes:
        function = node.func if isinstance(node, ast.Call) else node
        if isinstance(function, ast.Attribute):
            collector.add_chain("decorate", function, scope)
        if at_import and collector.add_chain("decorator", function, scope):
            arguments = [*node.args, *node.keywords] if isinstance(node, ast.Call) else []
            collect_all(collector, arguments, scope)
        else:
            collect(collector, node, scope)


def _class(collector: Collector, node: ast.ClassDef, scope: Scope | None) -> None:
    _decorators(collector, node.decorator_list, scope)
    _rebind(collector, node.name, node.lineno, scope)
    for base in node.bases:
        _base(collector, base, scope)
    collect_all(collector, [*node.keywords], scope)
    names, global_names = bindings([*node.body], collector.package)
    for statement in node.body:
        if isinstance(statement, FUNCTIONS) and statement.name == "__init_subclass__":
            collector.mark(statement, "acts whenever a subclass is made (__init_subclass__)")
    mark_shared_state(collector, node)
    collect_all(collector, [*node.body], Scope(names, visible_scope(scope), True, global_names))


def _base(collector: Collector, base: ast.expr, scope: Scope | None) -> None:
    plain = base.value if isinstance(base, ast.Subscript) else base
    if isinstance(plain, (ast.Name, ast.Attribute)) and collector.add_chain("base", plain, scope):
        if isinstance(base, ast.Subscript):
            collect(collector, base.slice, scope)
        return
    collector.mark(base, "has a base class that is computed")
    for part in ast.walk(base):
        if isinstance(part, (ast.Name, ast.Attribute)):
            collector.add_chain("base", part, scope)
    collect(collector, base, scope)


def _comprehension(
    collector: Collector,
    node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
    scope: Scope | None,
) -> None:
    first = node.generators[0]
    collect(collector, first.iter, scope)
    names, _ = bindings([each.target for each in node.generators], collector.package)
    inner = Scope(names, visible_scope(scope))
    for each in node.generators:
        parts = [each.target, *each.ifs] if each is first else [each.target, each.iter, *each.ifs]
        collect_all(collector, [*parts], inner)
    results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    collect_all(collector, [*results], inner)


def _import(collector: Collector, node: ast.Import | ast.ImportFrom, scope: Scope | None) -> None:
    for name, origin in import_bindings(node, collector.package):
        if name == "*":
            collector.mark(node, "imports every name there is (*)")
        collector.add("value" if scope is None else "lazy", origin, node.lineno)
        _rebind(collector, name, node.lineno, scope)


def _assign(collector: Collector, node: ast.Assign, scope: Scope | None) -> None:
    """Collect from an assignment.

    A local name may stand for a file or folder beside the source.
    """
    target = node.targets[0]
    path = beside(node.value, scope, collector.file) if collector.names_own_file else None
    if scope is not None and len(node.targets) == 1 and isinstance(target, ast.Name):
        scope.files.pop(target.id, None)
        if path is not None:
            scope.files[target.id] = path
            if is_folder(node.value):
                _inside_path(collector, node.value, scope)
                return
    collect_all(collector, [*node.targets, node.value], scope)


def _annotated_assign(collector: Collector, node: ast.AnnAssign, scope: Scope | None) -> None:
    _annotation(collector, node.annotation, scope)
    collect_all(collector, [node.target, *([node.value] if node.value else [])], scope)


def _augmented_assign(collector: Collector, node: ast.AugAssign, scope: Scope | None) -> None:
    if isinstance(node.target, ast.Name):
        collector.add_chain("augment", node.target, scope)
    collect_all(collector, [node.target, node.value], scope)


HANDLERS: dict[type[ast.AST], Callable[..., None]] = {
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.MatchClass: _class_pattern,
    ast.Constant: _constant,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.Lambda: _function,
    ast.ClassDef: _class,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated_assign,
    ast.AugAssign: _augmented_assign,
}
