"""The map of label words: classes from 0 to K − 1, each with a word."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.config.sections import MOST_CLASSES, Config
from reviewflow.config.sentiment import validate_config
from reviewflow.errors import ConfigError


@given(st.permutations(range(5)), st.integers(2, 5))
def test_any_order_of_all_classes_is_taken(order: list[int], classes: int) -> None:
    labels = {f"word {number}": number % classes for number in order}
    assert Config.model_validate({"ingest": {"labels": labels}}).ingest.labels == labels


def test_words_that_yaml_reads_as_something_else_become_text() -> None:
    labels: dict[Any, int] = {3: 0, 2.5: 1, True: 2, "no": 2}
    found = Config.model_validate({"ingest": {"labels": labels}}).ingest.labels
    assert found == {"3": 0, "2.5": 1, "true": 2, "no": 2}


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"a": 0, "b": 2}, "no word means 1"),
        ({"a": 0}, "no word means 1"),
        ({"a": 1, "b": 2}, "no word means 0"),
        ({"a": 0, "b": "positive"}, "the class of 'b' must be a whole number from 0 to 99, not"),
        ({"a": 0, "b": True}, "the class of 'b' must be a whole number"),
        ({"a": 0, "b": -1}, "the class of 'b' must be a whole number"),
        ({"a": 0, "b": MOST_CLASSES}, "the class of 'b' must be a whole number"),
        ({}, "must be auto, or a map"),
        ("Auto", "must be auto, or a map"),
    ],
)
def test_another_map_is_one_sentence(labels: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=f"^Here: ingest.labels: {re.escape(words)}"):
        validate_config({"ingest": {"labels": labels}}, "Here")
