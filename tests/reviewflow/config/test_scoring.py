"""Settings of a scoring that cannot be used are one sentence each."""

from typing import Any

import pytest

from reviewflow.config.loading import validate_model
from reviewflow.config.scoring import Score
from reviewflow.errors import ConfigError


def score(**settings: Any) -> Score:
    content = {"input": "a.csv", "output": "b.csv", "model": "imdb", **settings}
    return validate_model(Score, content, "The command")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"delimiter": ""}, "delimiter: must be one character, or tab (given: '')."),
        ({"delimiter": ";;"}, "delimiter: must be one character, or tab (given: ';;')."),
        ({"encoding": "utf-9"}, "encoding: must be an encoding that Python knows"),
        ({"encoding": "rot13"}, "encoding: must be an encoding that Python knows"),
        ({"encoding": ""}, "encoding: must be an encoding that Python knows"),
        ({"output": "scores/.csv"}, "output: must have a name before its ending"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        score(**settings)
    assert str(caught.value).startswith(f"The command: {sentence}")
    assert "\n" not in str(caught.value)


def test_a_tab_may_be_named() -> None:
    assert score(delimiter="tab").delimiter == "\t"
    assert score(encoding="windows-1252").delimiter is None
