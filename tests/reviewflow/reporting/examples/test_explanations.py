"""The words that pull and the mistakes, from a network whose weights are known."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from reviewflow.context import Context
from reviewflow.evaluation.attribution import Attributions
from reviewflow.features.feature_parts import Part
from reviewflow.reporting.examples.explanations import (
    Mistake,
    ModelInputs,
    explain_model,
    find_mistakes,
    most_confident_mistakes,
    strongest_words,
)
from tests.reviewflow.reporting.example import BAD, FOUR, GOOD, TWO, WORDS, Example, example


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return example(tmp_path_factory.mktemp("run"), {"relu": "a", "tanh": "b"}, rows=900)


def content_of(made: Example, name: str) -> object:
    return json.loads((made.charts / f"{name}.json").read_text())


def test_words_pull_as_the_network_was_built(made: Example) -> None:
    content = content_of(made, "words")
    assert isinstance(content, dict)
    assert [one["name"] for one in content["classes"]] == ["negative", "positive"]
    negative, positive = (one["words"] for one in content["classes"])
    assert {word["term"] for word in positive} == set(GOOD)
    assert {word["term"] for word in negative} == set(BAD)
    # a word's value is 0.5, its weight 2, and what is above passes it on: 0.5 · 2 · ±1
    assert {word["pull"] for word in positive} == {1.0}
    assert {word["pull"] for word in negative} == {-1.0}


def test_mistakes_are_the_rows_that_say_the_other_thing(made: Example) -> None:
    mistakes = content_of(made, "mistakes")
    assert isinstance(mistakes, list)
    assert [one["label"] for one in mistakes] == ["negative"] * 4 + ["positive"] * 4
    for one in mistakes:
        assert {one["label"], one["predicted"]} == {"negative", "positive"}
        assert one["of"] == "positive"
        wrong_way = set(GOOD if one["label"] == "negative" else BAD)
        assert {text for text, pull in one["pieces"] if pull} <= wrong_way
        assert any(pull for _, pull in one["pieces"])
        assert (one["probability"] > 0.5) == (one["label"] == "negative")


def test_words_of_several_classes_pull_towards_each(tmp_path: Path) -> None:
    made = example(tmp_path, {"relu": "a"}, 900, FOUR)
    content = content_of(made, "words")
    assert isinstance(content, dict)
    assert [one["name"] for one in content["classes"]] == list(FOUR)
    for one, own in zip(content["classes"], WORDS[4], strict=True):
        assert {word["term"] for word in one["words"]} == set(own)
        # its logit rises by 0.5 · 2, and that of no other class
        assert {round(word["pull"], 3) for word in one["words"]} == {1.0}
    mistakes = content_of(made, "mistakes")
    assert isinstance(mistakes, list)
    assert [one["label"] for one in mistakes] == [name for name in FOUR for _ in range(2)]
    for one in mistakes:
        assert one["predicted"] == FOUR[(FOUR.index(one["label"]) + 1) % 4]
        assert one["of"] == one["predicted"]
        assert one["probability"] > 0.4
        marked = {text for text, pull in one["pieces"] if pull}
        assert marked <= set(WORDS[4][FOUR.index(one["predicted"])])


def test_rare_words_are_not_called_strong() -> None:
    sums, counts = np.array([9.0, 40.0, -80.0, 0.0]), np.array([1, 40, 40, 0])
    assert strongest_words(list("abcd"), sums, counts, 400, 1) == [
        {"term": "b", "pull": 1.0, "rows": 40}
    ]
    assert [word["term"] for word in strongest_words(list("abcd"), sums, counts, 400, -1)] == ["c"]


def test_the_most_confident_mistakes_of_each_class_stay() -> None:
    none = np.zeros(0)
    margins = {row: (-1) ** (row % 2) * row / 10 for row in range(1, 30)}
    wrong = [
        Mistake(0, row, row % 2, 1 - row % 2, m, abs(m), none, none) for row, m in margins.items()
    ]
    kept = [one.row for one in most_confident_mistakes(wrong, 2)]
    assert kept == [28, 26, 24, 22, 29, 27, 25, 23]


@pytest.mark.parametrize(
    ("threshold", "labels"), [(0.5, {"negative", "positive"}), (0.98, {"positive"})]
)
def test_mistakes_are_those_at_the_threshold(
    threshold: float,
    labels: set[str],
    made: Example,
    tmp_path: Path,
) -> None:
    """The network's surest rows have log-odds of 2, a probability of 0.88."""
    evaluation = tmp_path / "evaluate"
    shutil.copytree(made.inputs["evaluations"][0], evaluation)
    metrics = json.loads((evaluation / "metrics.json").read_text())
    metrics["test"]["threshold"] = threshold
    (evaluation / "metrics.json").write_text(json.dumps(metrics))
    names = ("features", "tokens", "reviews")
    inputs = ModelInputs(
        made.inputs["models"][0],
        evaluation,
        made.inputs["vocabularies"][0],
        **{name: made.inputs[name] for name in names},
    )
    _, mistakes = explain_model(inputs, TWO, Context())
    assert {one["label"] for one in mistakes} == labels
    assert all((one["probability"] > threshold) == (one["label"] == "negative") for one in mistakes)


def test_mistakes_of_several_classes_are_those_of_the_most_probable_one() -> None:
    """Three rows of three classes, each with one term; the second is right."""
    log_odds = np.array([[2.0, -1, -3], [-1, 1, -2], [0.5, -3, 0.4]], np.float32)
    values = np.arange(9, dtype=np.float32).reshape(3, 3)
    rows, ends = np.array([4, 5, 6]), np.array([0, 1, 2, 3])
    own = Attributions(log_odds, rows, ends, np.array([7, 8, 9], np.int32), values)
    labels = np.full(10, np.nan, np.float32)
    labels[4:7] = [1, 1, 2]
    nothing = np.zeros(0)
    part = Part(nothing, nothing, nothing, labels, np.full(10, 2, np.int8))
    first, last = most_confident_mistakes(find_mistakes(3, part, own, 0.5), 3)
    assert (first.part, first.row, first.label, first.predicted) == (3, 4, 1, 0)
    assert (first.log_odds, first.margin) == (2.0, 3.0)
    assert (first.terms.tolist(), first.values.tolist()) == ([7], [0.0])
    assert (last.row, last.label, last.predicted) == (6, 2, 0)
    assert last.values.tolist() == [6.0], "the pull towards the predicted class"
    labels[4:7] = np.nan
    assert find_mistakes(3, part, own, 0.5) == []
