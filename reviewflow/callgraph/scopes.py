"""Which names a piece of code binds, and where a name that it reads was bound.

module names  ◀──  function  ◀──  nested function  ◀──  comprehension
                      ▲
                      └── class body: sees outwards, is not seen from the functions inside
"""

import ast
from dataclasses import dataclass, field

Place = tuple[str, tuple[str, ...]]  # a module and the attributes to follow from it
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass
class Scope:
    """The names of one function, class body or comprehension.

    Attributes
    ----------
    names : bound here; to the places that imports give them, to nothing for a plain value.
    outer : the scope around, ``None`` for the module.
    is_class : whether names bound here may still be the module's (before they are bound).
    module_names : declared ``global`` here.
    """

    names: dict[str, list[Place]]
    outer: "Scope | None"
    is_class: bool = False
    module_names: set[str] = field(default_factory=set)


def imported(node: ast.Import | ast.ImportFrom, package: str) -> list[tuple[str, Place]]:
    """Return what an import binds: names and the places that they stand for (``*`` too).

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


def bindings(body: list[ast.AST], package: str) -> tuple[dict[str, list[Place]], set[str]]:
    """Return the names that statements bind in their own scope, and those declared global.

    Nested functions, classes and comprehensions bind their own name or nothing; a ``nonlocal``
    name belongs to an outer scope and is left out.
    """
    names: dict[str, list[Place]] = {}
    module_names: set[str] = set()
    foreign: set[str] = set()
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
            for name, place in imported(node, package):
                names.setdefault(name, []).append(place)
        elif isinstance(node, COMPREHENSIONS):
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):
                    names.setdefault(inner.target.id, [])
        elif isinstance(node, ast.Global):
            module_names.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            foreign.update(node.names)
        elif kind is not ast.Lambda:
            if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
                names.setdefault(node.name, [])
            elif isinstance(node, ast.MatchMapping) and node.rest:
                names.setdefault(node.rest, [])
            stack.extend(ast.iter_child_nodes(node))
    for name in foreign | module_names:
        names.pop(name, None)
    return names, module_names


def parameters(arguments: ast.arguments) -> list[ast.arg]:
    """Return all parameters of a function, starred ones too."""
    starred = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]
