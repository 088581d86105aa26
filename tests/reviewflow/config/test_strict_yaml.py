"""YAML read strictly: what is read, and what is refused in half a sentence."""

from typing import Any

import pytest

from reviewflow.config.strict_yaml import MOST_CHARACTERS, MOST_DEPTH, parse_yaml


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", None),
        ("# nothing\n", None),
        ("a: 1\nb: [x, 2.5, null]\n", {"a": 1, "b": ["x", 2.5, None]}),
        ("a: &here {b: 1}\nc: *here\n", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &here {b: 1}\nc: {<<: *here, d: 2}\n", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("1: a\n'1': b\n", {1: "a", "1": "b"}),
        ("a: yes\nb: 1e-3\n", {"a": "yes", "b": "1e-3"}),
        ("on: No\noff: TRUE\n", {"on": "No", "off": True}),
    ],
)
def test_values(text: str, values: Any) -> None:
    assert parse_yaml(text) == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "names 'a' twice, in line 1 and in line 3"),
        ("x: {a: 1, a: 2}", "names 'a' twice, in line 1 and in line 1"),
        ("a: [1", "is not valid YAML: .* in line 1"),
        ("a: 2001-02-30", "is not valid YAML: "),
        ("!!python/object:os.system {}", "is not valid YAML: "),
        ("a: &x [*x]", "refers to itself"),
        ("[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1), "too deep"),
        ("[" * 600, "nested too deeply"),
        ("x" * (MOST_CHARACTERS + 1), "is over 1,000,000 characters"),
        ("{[a]: 1}", "is not valid YAML: "),
    ],
)
def test_refusals_continue_a_sentence(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse_yaml(text)
    assert "\n" not in str(caught.value)
    assert not str(caught.value).endswith(".")
