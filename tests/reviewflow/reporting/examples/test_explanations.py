"""The words that pull and the mistakes, from a network whose weights are known."""

import json
from pathlib import Path

import numpy as np
import pytest

from reviewflow.context import Context
from reviewflow.evaluation.metrics import THRESHOLD
from reviewflow.reporting.examples import explanations
from reviewflow.reporting.examples.explanations import (
    Mistake,
    most_confident_mistakes,
    strongest_words,
)
from reviewflow.reporting.stage import write_report_data
from tests.reviewflow.reporting.example import BAD, GOOD, Example, example


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return example(tmp_path_factory.mktemp("run"), {"relu": "a", "tanh": "b"}, rows=900)


def content_of(made: Example, name: str) -> object:
    return json.loads((made.charts / f"{name}.json").read_text())


def test_words_pull_as_the_network_was_built(made: Example) -> None:
    words = content_of(made, "words")
    assert isinstance(words, dict)
    assert {word["term"] for word in words["positive"]} == set(GOOD)
    assert {word["term"] for word in words["negative"]} == set(BAD)
    # a word's value is 0.5, its weight 2, and what is above passes it on: 0.5 · 2 · ±1
    assert {word["pull"] for word in words["positive"]} == {1.0}
    assert {word["pull"] for word in words["negative"]} == {-1.0}


def test_mistakes_are_the_rows_that_say_the_other_thing(made: Example) -> None:
    mistakes = content_of(made, "mistakes")
    assert isinstance(mistakes, list)
    assert [one["label"] for one in mistakes] == ["negative"] * 4 + ["positive"] * 4
    for one in mistakes:
        wrong_way = set(GOOD if one["label"] == "negative" else BAD)
        assert {text for text, pull in one["pieces"] if pull} <= wrong_way
        assert any(pull for _, pull in one["pieces"])
        assert (one["probability"] > 0.5) == (one["label"] == "negative")


def test_rare_words_are_not_called_strong() -> None:
    sums, counts = np.array([9.0, 40.0, -80.0, 0.0]), np.array([1, 40, 40, 0])
    assert strongest_words(list("abcd"), sums, counts, 400, 1) == [
        {"term": "b", "pull": 1.0, "rows": 40}
    ]
    assert [word["term"] for word in strongest_words(list("abcd"), sums, counts, 400, -1)] == ["c"]


def test_the_most_confident_mistakes_of_each_class_stay() -> None:
    none = np.zeros(0)
    margins = {row: (-1) ** (row % 2) * row / 10 for row in range(1, 30)}
    wrong = [Mistake(0, row, row % 2, m, m, none, none) for row, m in margins.items()]
    assert [one.row for one in most_confident_mistakes(wrong)] == [28, 26, 24, 22, 29, 27, 25, 23]


@pytest.mark.parametrize(
    ("threshold", "labels"), [(0.5, {"negative", "positive"}), (0.98, {"positive"})]
)
def test_mistakes_are_those_at_the_threshold(
    threshold: float,
    labels: set[str],
    made: Example,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The network's surest rows have log-odds of 2, a probability of 0.88."""
    assert explanations.THRESHOLD == THRESHOLD
    monkeypatch.setattr(explanations, "THRESHOLD", threshold)
    folders = {name: made.charts.parent / name for name in ("features", "tokens")}
    parts = {name: tuple(sorted(folder.iterdir())) for name, folder in folders.items()}
    vocabularies = (made.charts.parent / "vocabulary",)
    write_report_data(
        **made.inputs,
        **parts,
        vocabularies=vocabularies,
        seed=3,
        folder=tmp_path,
        context=Context(),
    )
    mistakes = json.loads((tmp_path / "mistakes.json").read_text())
    assert {one["label"] for one in mistakes} == labels
    assert all((one["probability"] > threshold) == (one["label"] == "negative") for one in mistakes)
