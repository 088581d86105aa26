"""Explanations ask the one threshold which rows are mistakes."""

import json
from pathlib import Path

import pytest

from reviewflow.context import Context
from reviewflow.evaluation.metrics import THRESHOLD
from reviewflow.reporting.examples import explanations
from reviewflow.reporting.stage import write_report_data
from tests.reviewflow.reporting.example import Example, example


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return example(tmp_path_factory.mktemp("run"), {"relu": "a"}, rows=600)


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
