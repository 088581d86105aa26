"""Keys: equal for equal work, different for anything that shapes it; differences in words."""

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.pipeline.keys import Fingerprint, differences
from reviewflow.store.hashing import digest_of

RECIPE = Fingerprint(
    stage="train",
    settings={"train": {"learning_rate": 0.01, "hidden": [512, 128]}},
    files={"suite": "aa"},
    given={},
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
    ("change", "words"),
    [
        (
            {"settings": {"train": {"learning_rate": 0.05, "hidden": [512, 128]}}},
            "train.learning_rate 0.01 → 0.05",
        ),
        ({"files": {"suite": "bb"}}, "suite edited"),
        (
            {"code": {"reviewflow.networks.train.train": "12"}},
            "code changed: reviewflow.networks.train.train",
        ),
        ({"code": {}}, "code changed: reviewflow.networks.train.train"),
        ({"packages": {"torch": "2.14.0"}}, "torch 2.13.0 → 2.14.0"),
        ({"resources": {"wordnet": "vv"}}, "resource wordnet changed"),
    ],
)
def test_a_changed_recipe_has_another_key_and_says_why(
    change: dict[str, object], words: str
) -> None:
    changed = replace(RECIPE, **change)  # type: ignore[arg-type]
    inputs = {"features": ["f1", "f2"]}
    assert changed.key(inputs) != RECIPE.key(inputs)
    assert differences(asdict(RECIPE), asdict(changed)) == [words]


def test_the_order_of_input_parts_counts() -> None:
    assert RECIPE.key({"features": ["f1", "f2"]}) != RECIPE.key({"features": ["f2", "f1"]})
