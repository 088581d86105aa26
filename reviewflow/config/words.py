"""Write a label as a word, whether a file or a configuration gives it."""

from __future__ import annotations

import re

WHOLE_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")


def scalar_word(value: object) -> str:
    """Return a value as a configuration writes it: ``1`` for 1.0."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def label_word(value: object) -> str:
    """Return the word of a label. A whole number has no decimals.

    So ``1.0``, which pandas writes for 1 where a column has gaps, is ``1``.
    """
    word = scalar_word(value)
    whole = WHOLE_NUMBER.fullmatch(word)
    if whole is None:
        return word
    return "0" if whole[1] == "-0" else whole[1]
