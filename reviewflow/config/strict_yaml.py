"""Parse YAML strictly: equal keys and endless anchors are refused.

    text ─ compose ─▶ nodes ─ small, no loops, no key twice? ─ construct ─▶ plain values

PyYAML keeps the last of two equal keys without a word, and anchors may loop or multiply.
ruamel.yaml, which is installed too, refuses equal keys but not such anchors; it would save
`_check_keys` alone, and read ``1e-3`` in another way than files written so far mean.

As in YAML 1.2, only true and false are booleans: ``yes``, ``no``, ``on`` and ``off`` are words,
since label words and settings bear those names. Settings that are booleans still take them.
"""

from typing import Any

import yaml

from reviewflow.errors import error_line

MOST_CHARACTERS = 1_000_000
MOST_NODES = 20_000
MOST_DEPTH = 50


def parse_yaml(text: str) -> Any:
    """Return the values of a YAML text, or None for an empty one.

    Raises
    ------
    ValueError
        If it is not YAML, holds a key twice in one mapping, or is too large, too deep or without
        end. The message continues a sentence that starts with the file's name, and has no full
        stop.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"is over {MOST_CHARACTERS:,} characters, more than is ever meant")
    try:
        loader = WordLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check(node)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except RecursionError:
        raise ValueError("is nested too deeply; write it flatter") from None
    except _Refused as refusal:
        raise ValueError(str(refusal)) from None
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, AttributeError) as error:
        raise ValueError(f"is not valid YAML: {_one_line(error)}") from None


class WordLoader(yaml.SafeLoader):
    """A safe loader for which ``yes``, ``no``, ``on`` and ``off`` are words."""

    yaml_implicit_resolvers = {  # noqa: RUF012  (the base class declares it so)
        letter: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag != "tag:yaml.org,2002:bool" or letter in "tTfF"
        ]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Refused(Exception):
    """The text is YAML, but not accepted."""


def _check(root: yaml.Node) -> None:
    """Refuse equal keys, and a tree too large once aliases are expanded."""
    nodes, waiting = 0, [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        nodes += 1
        if nodes > MOST_NODES or depth > MOST_DEPTH:
            raise _Refused("is too large, too deep or refers to itself; write its entries out")
        if isinstance(node, yaml.MappingNode):
            _check_keys(node)
            waiting += [(inner, depth + 1) for pair in node.value for inner in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(inner, depth + 1) for inner in node.value]


def _check_keys(mapping: yaml.MappingNode) -> None:
    """Refuse a mapping that has a key twice, merge keys (``<<``) excepted."""
    lines: dict[tuple[str, str], int] = {}
    for key, _ in mapping.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
            continue
        line, name = key.start_mark.line + 1, (key.tag, key.value)
        if name in lines:
            raise _Refused(
                f"names {key.value[:80]!r} twice, in line {lines[name]} and in line {line}; "
                "rename or remove one"
            )
        lines[name] = line


def _one_line(error: BaseException) -> str:
    """Return what is wrong and where, without PyYAML's excerpt."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem} in line {error.problem_mark.line + 1}"
    return error_line(error).replace(' in "<unicode string>",', " at")
