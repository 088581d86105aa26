"""Find the names that a piece of code binds.

module names  ◀──  function  ◀──  nested function  ◀──  comprehension
                      ▲
                      └── class body: sees outwards, is not seen from the functions inside
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

Origin = tuple[str, tuple[str, ...]]  # a module and the attributes to follow from it
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass
class Scope:
    """The names of one function, class body or comprehension.

    Attributes
    ----------
    names : bound here, with the origins that imports give them; none for a plain value.
    outer : the scope around, ``None`` for the module.
    is_class : whether names bound here may still be the module's (before they are bound).
    global_names : declared ``global`` here.
    files : names that stand for a file or folder beside the source (see ``named_files.py``).
    arguments, body : of a function.
    """

    names: dict[str, list[Origin]]
    outer: "Scope | None"
    is_class: bool = False
    global_names: set[str] = field(default_factory=set)
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    arguments: ast.arguments | None = None
    body: Sequence[ast.AST] = ()

    @cached_property
    def arguments_given(self) -> set[str]:
        """The parameters, without those of type ``str``."""
        every = [] if self.arguments is None else parameters(self.arguments)
        return {each.arg for each in every if not _is_text(each.annotation)}

    @cached_property
    def inputs(self) -> set[str]:
        """Names whose value depends on a parameter (see ``named_files.py``)."""
        names = set(self.arguments_given)
        pending = [pair for node in self.body for pair in _assignments(node)] if names else []
        while True:
            grown = {name for targets, sources in pending if sources & names for name in targets}
            if grown <= names:
                return names
            names |= grown


def visible_scope(scope: Scope | None) -> Scope | None:
    """Return the scope that a function in ``scope`` sees, no class body."""
    while scope is not None and scope.is_class:
        scope = scope.outer
    return scope


def import_bindings(node: ast.Import | ast.ImportFrom, package: str) -> list[tuple[str, Origin]]:
    """Return the names that an import binds, with their origins (``*`` too).

    Parameters
    ----------
    node : the import.
    package : the package from which relative imports count.
    """
    if isinstance(node, ast.Import):
        return [
            (alias.asname, (alias.name, ()))
            if alias.asname
            else (alias.name.partition(".")[0], (alias.name.partition(".")[0], ()))
            for alias in node.names
        ]
    module = node.module or ""
    if node.level:
        parents = package.split(".")[: len(package.split(".")) - node.level + 1]
        module = ".".join([*parents, module] if module else parents)
    return [(alias.asname or alias.name, (module, (alias.name,))) for alias in node.names]


def bindings(body: list[ast.AST], package: str) -> tuple[dict[str, list[Origin]], set[str]]:
    """Return the names that statements bind, and those declared global.

    Nested functions, classes and comprehensions bind their own name or nothing. A ``nonlocal``
    name belongs to an outer scope and is left out.
    """
    names: dict[str, list[Origin]] = {}
    global_names: set[str] = set()
    outer_names: set[str] = set()
    stack = list(body)
    while stack:
        node = stack.pop()
        kind = type(node)
        if isinstance(node, ast.Name):
            if type(node.ctx) is not ast.Load:
                names.setdefault(node.id, [])
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            names.setdefault(node.name, [])
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for name, origin in import_bindings(node, package):
                names.setdefault(name, []).append(origin)
        elif isinstance(node, COMPREHENSIONS):
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):
                    names.setdefault(inner.target.id, [])
        elif isinstance(node, ast.Global):
            global_names.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            outer_names.update(node.names)
        elif kind is not ast.Lambda:
            if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
                names.setdefault(node.name, [])
            elif isinstance(node, ast.MatchMapping) and node.rest:
                names.setdefault(node.rest, [])
            stack.extend(ast.iter_child_nodes(node))
    for name in outer_names | global_names:
        names.pop(name, None)
    return names, global_names


def parameters(arguments: ast.arguments) -> list[ast.arg]:
    """Return all parameters of a function, starred ones too."""
    starred = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]


def _is_text(annotation: ast.expr | None) -> bool:
    """Tell whether a parameter's annotation is ``str``, or ``str | None``."""
    if annotation is None:
        return False
    names = names_in(annotation)
    return "str" in names and names <= {"str", "Optional"}


def _assignments(node: ast.AST) -> Iterator[tuple[set[str], set[str]]]:
    """Yield the names that each assignment binds, and those it reads."""
    for part in ast.walk(node):
        if isinstance(part, ast.Assign):
            targets: list[ast.AST] = [*part.targets]
            source: ast.AST | None = part.value
        elif isinstance(part, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            targets, source = [part.target], part.value
        elif isinstance(part, (ast.For, ast.AsyncFor, ast.comprehension)):
            targets, source = [part.target], part.iter
        elif isinstance(part, ast.withitem) and part.optional_vars is not None:
            targets, source = [part.optional_vars], part.context_expr
        elif isinstance(part, ast.Match):
            targets, source = [each.pattern for each in part.cases], part.subject
        else:
            continue
        if source is not None:
            bound = {name for target in targets for name in _bound_names(target)}
            yield bound, names_in(source)


def _bound_names(target: ast.AST) -> set[str]:
    names = names_in(target)
    for part in ast.walk(target):
        if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
            names.add(part.name)
    return names


def names_in(node: ast.AST) -> set[str]:
    """Return all names within a node."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
