"""Change Python source mechanically, one number or operator at a time.

    return rows < 3   ──▶   return rows <= 3      return rows < 4      return None

Docstrings, annotations and code for type checkers stay as they are.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
UNREAD = {
    ast.AnnAssign: ("annotation",),
    ast.arg: ("annotation",),
    ast.FunctionDef: ("returns",),
    ast.AsyncFunctionDef: ("returns",),
    ast.FormattedValue: ("format_spec",),
}


@dataclass(frozen=True)
class Change:
    """One change of one definition.

    ``before`` is the module's source, ``place`` the definition's place in the module and
    ``number`` the changed point's place in the definition.
    """

    module: str
    definition: str
    place: int
    number: int
    words: str
    before: str = field(repr=False)

    @property
    def source(self) -> str:
        """The module's source with the change."""
        tree = ast.parse(self.before)
        node = definitions(tree)[self.place][1]
        list(points_of(node))[self.number].make()
        return ast.unparse(ast.fix_missing_locations(tree))

    def __str__(self) -> str:
        return f"{self.module}.{self.definition} #{self.number}: {self.words}"


@dataclass(frozen=True)
class Point:
    """A place to change, ``rare`` where a run seldom gets: an error's text."""

    words: str
    make: Callable[[], None]
    rare: bool


def changes(module: str, source: str, most: int) -> list[Change]:
    """Return up to ``most`` changes of each definition, always the same."""
    found = []
    for place, (name, node) in enumerate(definitions(ast.parse(source))):
        points = list(points_of(node))
        order = sorted(range(len(points)), key=lambda n: (points[n].rare, _hash(module, name, n)))
        for number in order[:most]:
            found.append(Change(module, name, place, number, points[number].words, source))
    return found


def definitions(tree: ast.Module) -> list[tuple[str, ast.stmt]]:
    """Return the functions, classes and constants of a module, by name."""
    found: list[tuple[str, ast.stmt]] = []
    for node in tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            found.append((node.name, node))
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.append((ast.unparse(targets[0]), node))
    return found


def points_of(node: ast.stmt) -> Iterator[Point]:
    """Yield every place of a definition to change, in source order."""
    yield from _inside(node, rare=False)
    line = f"line {node.lineno}:"
    if isinstance(node, FUNCTIONS):
        yield Point(f"{line} does nothing", _set(node, "body", [ast.Pass()]), rare=False)
    elif isinstance(node, ast.ClassDef):
        extra = ast.parse("changed = True").body
        yield Point(f"{line} a further member", _set(node, "body", [*node.body, *extra]), rare=True)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        yield Point(f"{line} → None", _set(node, "value", ast.Constant(None)), rare=True)


def _inside(node: ast.AST, *, rare: bool) -> Iterator[Point]:
    rare = rare or isinstance(node, ast.Raise)
    for name, value in ast.iter_fields(node):
        if name in UNREAD.get(type(node), ()):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_docstring(child):
                yield from _inside(child, rare=rare)
    line = f"line {getattr(node, 'lineno', 0)}:"
    if isinstance(node, ast.Constant) and node.value is not None and node.value is not Ellipsis:
        other = _other(node.value)
        words = f"{line} {_short(node.value)} → {_short(other)}"
        yield Point(words, _set(node, "value", other), rare)
    elif isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in SWAPS:
        yield _swap(line, node, "op", node.op, rare)
    elif isinstance(node, ast.Compare):
        other_ops = [SWAPS[type(node.ops[0])](), *node.ops[1:]]
        words = f"{line} {type(node.ops[0]).__name__} → {type(other_ops[0]).__name__}"
        yield Point(words, _set(node, "ops", other_ops), rare)
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        test = ast.UnaryOp(ast.Not(), node.test)
        yield Point(f"{line} condition inverted", _set(node, "test", test), rare)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield Point(f"{line} minus → plus", _set(node, "op", ast.UAdd()), rare)
    elif isinstance(node, (ast.Return, ast.Yield)) and node.value is not None:
        yield Point(f"{line} returns None", _set(node, "value", ast.Constant(None)), rare)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield Point(f"{line} not called", _set(node, "value", ast.Constant(None)), rare)


def _swap(line: str, node: ast.AST, field: str, operator: ast.AST, rare: bool) -> Point:
    other = SWAPS[type(operator)]()
    words = f"{line} {type(operator).__name__} → {type(other).__name__}"
    return Point(words, _set(node, field, other), rare)


def _set(node: ast.AST, field: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, field, value)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _other(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, bytes):
        return value + b"x"
    return f"{value}x"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 30 else f"{text[:29]}…"


def _hash(module: str, name: str, number: int) -> bytes:
    return blake2b(f"{module}.{name} {number}".encode(), digest_size=8).digest()
