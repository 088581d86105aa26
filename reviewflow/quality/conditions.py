"""Read the condition of an expectation, such as ``split_rows >= 30``.

Great Expectations passes such a text on to pandas and has announced to stop that. So the
comparisons are parsed here, their columns are checked, and Great Expectations gets its own form.
"""

import ast
from collections.abc import Mapping
from typing import Any

OPERATORS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def parse_condition(text: str) -> tuple[tuple[str, str, Any], ...]:
    """Return the (column, operator, value) of a condition. All must hold.

    Raises
    ------
    ValueError
        If the text is anything but comparisons of a column with a value, joined by ``and``.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("is no comparison") from None
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return tuple(_comparison(piece) for piece in tree.values)
    return (_comparison(tree),)


def gallery_arguments(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with the condition in Great Expectations' form."""
    text = kwargs.get("row_condition")
    if not isinstance(text, str):
        return dict(kwargs)
    conditions = [
        {"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": value}
        for column, operator, value in parse_condition(text)
    ]
    joined = conditions[0] if len(conditions) == 1 else {"type": "and", "conditions": conditions}
    return {**kwargs, "row_condition": joined}


def _comparison(tree: ast.expr) -> tuple[str, str, Any]:
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1:
        raise ValueError("must be comparisons joined by 'and'")
    operator = OPERATORS.get(type(tree.ops[0]))
    if operator is None or not isinstance(tree.left, ast.Name):
        raise ValueError("must compare a column with a value by ==, !=, <, <=, > or >=")
    try:
        value = ast.literal_eval(tree.comparators[0])
    except (ValueError, TypeError):
        value = None
    if not isinstance(value, int | float | str):
        raise ValueError("must compare with a number, a quoted word, True or False")
    return tree.left.id, operator, value
