"""Bring source into a normal form.

Comments, layout, positions and docstrings are left out.

"def f(x):  # twice"  ──ast──▶  tree  ──write──▶  "FunctionDef(name='f' …"  ──▶  digest
                                         └─────▶  docstrings, kept aside
"""

import ast
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

IGNORED_FIELDS = frozenset({"ctx", "kind", "type_comment"})


class Digests(NamedTuple):
    """The digests of a piece of source without and with its docstrings."""

    plain: str
    documented: str


def digest(texts: Iterable[str]) -> str:
    """Return a digest of some texts and their borders.

    It has 16 hexadecimal digits.
    """
    joined = "\x00".join(texts).encode("utf-8", "surrogatepass")
    return blake2b(joined, digest_size=8).hexdigest()


def digests(node: ast.AST, *, opening: tuple[str, ...] = ()) -> Digests:
    """Return the digests of a statement.

    Parameters
    ----------
    node : the statement.
    opening : further text that counts, such as the module's ``__future__`` imports.
    """
    out = list(opening)
    docstrings: list[str] = []
    write_normal_form(node, out, docstrings)
    plain = digest(out)
    return Digests(plain, digest([plain, *docstrings]) if docstrings else plain)


def is_inert(node: ast.AST) -> bool:
    """Tell whether a statement is ``pass`` or a lone constant."""
    if type(node) is ast.Expr:
        return type(node.value) is ast.Constant
    return type(node) is ast.Pass


def write_normal_form(node: ast.AST, out: list[str], docstrings: list[str]) -> None:
    """Append a node's normal form to ``out``, its docstrings to the other."""
    if type(node) is ast.Constant:
        out.append(f"{type(node.value).__name__}:{node.value!r}")
        return
    out.append(type(node).__name__ + "(")
    for field, value in ast.iter_fields(node):
        if field in IGNORED_FIELDS:
            continue
        if isinstance(value, ast.AST):
            out.append(field)
            write_normal_form(value, out, docstrings)
        elif isinstance(value, list):
            out.append(field + "[")
            for item in value:
                if not isinstance(item, ast.AST):
                    out.append(repr(item))
                elif not is_inert(item):
                    write_normal_form(item, out, docstrings)
                elif type(item) is ast.Expr and type(item.value) is ast.Constant:
                    docstrings.append(f"{len(out)} {item.value.value!r}")
            out.append("]")
        elif value is not None:
            out.append(f"{field}={value!r}")
    out.append(")")
