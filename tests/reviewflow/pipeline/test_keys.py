"""Keys: equal for equal work, different for anything that shapes it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.pipeline.keys import Fingerprint, step_key
from reviewflow.store.hashing import digest_of

FINGERPRINT = Fingerprint(
    stage="train",
    settings={"train": {"learning_rate": 0.01, "hidden": [512, 128]}},
    files={"suite": "aa"},
    facts={},
    code={"reviewflow.networks.train.train": "11"},
    packages={"torch": "2.13.0"},
    resources={"wordnet": "ww"},
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON))
def test_the_order_of_keys_does_not_count(value: dict[str, object]) -> None:
    assert digest_of(value) == digest_of(dict(reversed(value.items())))


@pytest.mark.parametrize(
    ("a", "b"),
    [(1, "1"), (1, 1.0), (True, 1), (None, "null"), ([1, 2], [[1], 2]), (["ab", "c"], ["a", "bc"])],
)
def test_values_of_another_type_or_shape_have_another_digest(a: object, b: object) -> None:
    assert digest_of(a) != digest_of(b)


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "evaluate"},
        {"settings": {"train": {"learning_rate": 0.05, "hidden": [512, 128]}}},
        {"files": {"suite": "bb"}},
        {"facts": {"rows": "rr"}},
        {"code": {"reviewflow.networks.train.train": "12"}},
        {"code": {}},
        {"packages": {"torch": "2.14.0"}},
        {"resources": {"wordnet": "vv"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_shapes_a_step_changes_its_key(change: dict[str, Any]) -> None:
    changed = replace(FINGERPRINT, **change)
    inputs = {"features": ["f1", "f2"]}
    assert step_key(changed.digest, inputs) != step_key(FINGERPRINT.digest, inputs)


def test_the_order_of_input_parts_counts() -> None:
    digest = FINGERPRINT.digest
    assert step_key(digest, {"features": ["f1", "f2"]}) != step_key(
        digest, {"features": ["f2", "f1"]}
    )
