"""Reading a statement: each kind of syntax node, and the references that it makes.

Names are looked up in the scopes around them, so that a local hides the module's name; what is
not told apart exactly is counted, never passed over.
"""

import ast
from collections.abc import Callable, Sequence

from reviewflow.callgraph.references import DOCUMENTATION, Collector
from reviewflow.callgraph.rules import MUTATORS, OPAQUE_ATTRIBUTES
from reviewflow.callgraph.scopes import FUNCTIONS, Scope, bindings, imported, parameters


def read(collector: Collector, node: ast.AST, scope: Scope | None) -> None:
    """Collect from a node and everything within it; ``scope`` is None at the module's top."""
    handler = HANDLERS.get(type(node))
    if handler is not None:
        handler(collector, node, scope)
    else:
        read_all(collector, list(ast.iter_child_nodes(node)), scope)


def read_all(collector: Collector, nodes: Sequence[ast.AST], scope: Scope | None) -> None:
    """Collect from several nodes."""
    for node in nodes:
        read(collector, node, scope)


def _name(collector: Collector, node: ast.Name, scope: Scope | None) -> None:
    if type(node.ctx) is ast.Load:
        collector.chain("value", node, scope)
    else:
        _rebound(collector, node.id, node.lineno, scope)


def _rebound(collector: Collector, name: str, line: int, scope: Scope | None) -> None:
    """Note that a function binds a name of its module (``global``)."""
    if scope is not None and name in scope.module_names:
        collector.note("write", ("", (name,)), line)


def _attribute(collector: Collector, node: ast.Attribute, scope: Scope | None) -> None:
    if node.attr in DOCUMENTATION:
        collector.reads_documentation = True
    elif node.attr in OPAQUE_ATTRIBUTES:
        collector.doubt(node, f"reads {node.attr}")
    if type(node.ctx) is not ast.Load:
        collector.chain("write", node, scope)
        if _is_own_class(node.value):
            collector.doubt(node, f"changes {node.attr} of its class")
    root: ast.expr = node
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(root, ast.Name):
        collector.chain("value", node, scope)
    else:
        read(collector, node.value, scope)


def _is_own_class(node: ast.expr) -> bool:
    """Tell whether this is how a method names the class of its object."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "type"
    return (isinstance(node, ast.Name) and node.id == "cls") or (
        isinstance(node, ast.Attribute) and node.attr == "__class__"
    )


def _subscript(collector: Collector, node: ast.Subscript, scope: Scope | None) -> None:
    if type(node.ctx) is not ast.Load:
        collector.chain("write", node.value, scope)
    read(collector, node.value, scope)
    read(collector, node.slice, scope)


def _call(collector: Collector, node: ast.Call, scope: Scope | None) -> None:
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr in MUTATORS:
        collector.chain("mutate", function.value, scope)
    if isinstance(function, ast.Name) and function.id in ("getattr", "setattr", "delattr"):
        read_all(collector, _attribute_call(collector, node, function.id, scope), scope)
    else:
        if isinstance(function, ast.Name) and function.id == "type" and len(node.args) > 1:
            collector.doubt(node, "makes a class while running (type)")
        read_all(collector, [function, *node.args, *node.keywords], scope)


def _attribute_call(
    collector: Collector, node: ast.Call, which: str, scope: Scope | None
) -> list[ast.AST]:
    """Doubt an attribute whose name is computed; return what is left to read.

    ``getattr(x, "name")`` is read as ``x.name``.
    """
    owner, name = (node.args[0], node.args[1]) if len(node.args) > 1 else (None, None)
    known = name.value if isinstance(name, ast.Constant) else None
    if owner is None or not isinstance(known, str):
        collector.doubt(node, f"takes an attribute that a value names ({which})", everywhere=False)
        return [*node.args, *node.keywords]
    if which != "getattr":
        collector.chain("write", owner, scope)
    made = ast.Attribute(owner, known, ast.Load(), lineno=node.lineno)
    return [made, *node.args[2:], *node.keywords]


def _constant(collector: Collector, node: ast.Constant, scope: Scope | None) -> None:
    if isinstance(node.value, str) and node.value in DOCUMENTATION:
        collector.reads_documentation = True


def _annotation(collector: Collector, node: ast.expr | None, scope: Scope | None) -> None:
    """Read an annotation, quoted names within it too."""
    if node is None:
        return
    read(collector, node, scope)
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
        _rebound(collector, node.name, node.lineno, scope)
        _annotation(collector, node.returns, scope)
    defaults = [each for each in node.args.kw_defaults if each is not None]
    read_all(collector, [*node.args.defaults, *defaults], scope)
    names, module_names = bindings(body, collector.package)
    for each in parameters(node.args):
        _annotation(collector, each.annotation, scope)
        names.setdefault(each.arg, [])
    read_all(collector, body, Scope(names, visible(scope), False, module_names))


def visible(scope: Scope | None) -> Scope | None:
    """Return what a function inside ``scope`` sees: class bodies are passed over."""
    while scope is not None and scope.is_class:
        scope = scope.outer
    return scope


def _decorators(collector: Collector, nodes: list[ast.expr], scope: Scope | None) -> None:
    for node in nodes:
        decorator = node.func if isinstance(node, ast.Call) else node
        if isinstance(decorator, ast.Attribute):
            collector.chain("decorate", decorator, scope)
        read(collector, node, scope)


def _class(collector: Collector, node: ast.ClassDef, scope: Scope | None) -> None:
    _decorators(collector, node.decorator_list, scope)
    _rebound(collector, node.name, node.lineno, scope)
    for base in node.bases:
        _base(collector, base, scope)
    read_all(collector, [*node.keywords], scope)
    names, module_names = bindings([*node.body], collector.package)
    for statement in node.body:
        if isinstance(statement, FUNCTIONS) and statement.name == "__init_subclass__":
            collector.doubt(statement, "acts whenever a subclass is made (__init_subclass__)")
    _shared_state(collector, node)
    read_all(collector, [*node.body], Scope(names, visible(scope), True, module_names))


def _base(collector: Collector, base: ast.expr, scope: Scope | None) -> None:
    plain = base.value if isinstance(base, ast.Subscript) else base
    if isinstance(plain, (ast.Name, ast.Attribute)) and collector.chain("base", plain, scope):
        if isinstance(base, ast.Subscript):
            read(collector, base.slice, scope)
        return
    collector.doubt(base, "has a base class that is computed")
    for part in ast.walk(base):
        if isinstance(part, (ast.Name, ast.Attribute)):
            collector.chain("base", part, scope)
    read(collector, base, scope)


def _shared_state(collector: Collector, node: ast.ClassDef) -> None:
    """Doubt a class that changes a value which all its instances share."""
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
            collector.doubt(owner, f"changes {owner.attr}, which all instances share, in place")


def _comprehension(
    collector: Collector,
    node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
    scope: Scope | None,
) -> None:
    first = node.generators[0]
    read(collector, first.iter, scope)
    names, _ = bindings([each.target for each in node.generators], collector.package)
    inner = Scope(names, visible(scope))
    for each in node.generators:
        parts = [each.target, *each.ifs] if each is first else [each.target, each.iter, *each.ifs]
        read_all(collector, [*parts], inner)
    results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    read_all(collector, [*results], inner)


def _import(collector: Collector, node: ast.Import | ast.ImportFrom, scope: Scope | None) -> None:
    for name, place in imported(node, collector.package):
        if name == "*":
            collector.doubt(node, "imports every name there is (*)")
        collector.note("value" if scope is None else "lazy", place, node.lineno)
        _rebound(collector, name, node.lineno, scope)


def _annotated(collector: Collector, node: ast.AnnAssign, scope: Scope | None) -> None:
    _annotation(collector, node.annotation, scope)
    read_all(collector, [node.target, *([node.value] if node.value else [])], scope)


def _augmented(collector: Collector, node: ast.AugAssign, scope: Scope | None) -> None:
    if isinstance(node.target, ast.Name):
        collector.chain("augment", node.target, scope)
    read_all(collector, [node.target, node.value], scope)


HANDLERS: dict[type[ast.AST], Callable[..., None]] = {
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
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
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
}
