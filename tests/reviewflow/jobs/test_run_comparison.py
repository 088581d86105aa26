"""Differences of two real runs are those of their predictions."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, roc_auc_score

from flows.commands.compare import compare
from reviewflow.jobs.run_comparison import chance_verdict, compare_with_intervals
from reviewflow.runs.history import RunRecord, run_record
from reviewflow.runs.json_values import mappings
from tests.conftest import Reviews, write_config, write_reviews
from tests.reviewflow.small_store import TwoRuns, real_run


class Runs(NamedTuple):
    """The two runs, one with other names and settings of variants, and one of fewer rows."""

    artifacts: Path
    first: str
    second: str
    third: str
    fewer: str

    def run(self, name: str) -> RunRecord:
        return run_record(self.artifacts / "runs" / name)

    def compared(self, a: str, b: str) -> dict[str, Any]:
        return compare_with_intervals(self.run(a), self.run(b), self.artifacts / "store")

    def text(self, a: str, b: str) -> list[str]:
        """The lines that the command prints."""
        answer = CliRunner().invoke(compare, [a, b, "--artifacts", str(self.artifacts)])
        assert answer.exit_code == 0, answer.output
        return answer.stdout.splitlines()


@pytest.fixture(scope="module")
def runs(two_runs: TwoRuns, reviews: Reviews, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Three runs on the same rows, and one on 500 of them."""
    folder = tmp_path_factory.mktemp("runs")
    artifacts = two_runs.copied(folder)
    content = yaml.safe_load(two_runs.config.read_text(encoding="utf-8"))
    content["variants"] = {
        "rectified": {},
        "tanh": {"train.activation": "tanh", "train.epochs": 2},
        "linear": {"train.hidden": [], "train.learning_rate": 0.5, "train.epochs": 3},
    }
    third = real_run(write_config(folder / "small.yaml", content), artifacts)
    content["ingest"]["path"] = str(write_reviews(folder / "fewer.csv", reviews[:500]))
    fewer = real_run(write_config(folder / "fewer.yaml", content), artifacts)
    return Runs(artifacts, two_runs.first, two_runs.second, third, fewer)


def pair(found: dict[str, Any], b: str, match: str) -> dict[str, Any]:
    """The entry of a variant of B."""
    (entry,) = [each for each in found["variants"] if (each["b"], each["match"]) == (b, match)]
    return entry


def figure(entry: dict[str, Any], metric: str) -> dict[str, Any]:
    (own,) = [each for each in entry["figures"] if each["metric"] == metric]
    return own


def read_test_rows(runs: Runs, run: str, variant: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels and probabilities of the test rows, read from the store."""
    (key,) = [
        step["key"]
        for step in mappings(runs.run(run).content["stages"])
        if (step["stage"], step["variant"]) == ("evaluate", variant)
    ]
    table = pq.read_table(runs.artifacts / "store" / "evaluate" / key / "predictions.parquet")
    chosen = np.array(table["split"].to_pylist()) == "test"
    return table["label"].to_numpy()[chosen], table["probability"].to_numpy()[chosen]


def delong_variance(labels: NDArray[Any], first: NDArray[Any], second: NDArray[Any]) -> float:
    """The variance of the difference of two areas, by every pair of a row of either class."""
    sides = []
    for predicted in (first, second):
        own, other = predicted[labels == 1][:, None], predicted[labels == 0][None, :]
        wins = (own > other) + 0.5 * (own == other)
        sides.append((wins.mean(axis=1), wins.mean(axis=0)))
    off = [sides[0][n] - sides[1][n] for n in (0, 1)]
    return sum(float(np.var(each, ddof=1)) / len(each) for each in off)


def test_differences_are_paired_over_the_test_rows(runs: Runs) -> None:
    found = runs.compared(runs.first, runs.second)
    assert (found["rows"]["kind"], found["metric"]) == ("same", "roc_auc")
    for name in ("relu", "tanh"):
        entry = pair(found, name, "same")
        labels, before = read_test_rows(runs, runs.first, name)
        _, after = read_test_rows(runs, runs.second, name)
        area, share = figure(entry, "roc_auc"), figure(entry, "accuracy")
        change = roc_auc_score(labels, after) - roc_auc_score(labels, before)
        reach = 1.959964 * np.sqrt(delong_variance(labels, after, before))
        assert (area["method"], share["method"]) == ("paired", "paired")
        assert area["difference"] == pytest.approx(change, abs=1e-9)
        assert (area["low"], area["high"]) == pytest.approx(
            (change - reach, change + reach), abs=1e-5
        )
        assert share["difference"] == pytest.approx(
            accuracy_score(labels, after > 0.5) - accuracy_score(labels, before > 0.5)
        )
        assert entry["changed"] == [{"name": "vectorize.max_features", "a": 300, "b": 200}]
        assert not entry["same_model"]


def test_variants_are_matched_by_their_settings(runs: Runs) -> None:
    found = runs.compared(runs.first, runs.third)
    renamed = pair(found, "rectified", "renamed")
    assert (renamed["a"], renamed["same_model"], renamed["changed"]) == ("relu", True, [])
    changed = pair(found, "tanh", "same")
    assert {each["name"] for each in changed["changed"]} == {"train.epochs"}
    assert pair(found, "linear", "only in B")["a"] is None
    labels = {label for each in found["reasons"] for label in each["steps"]}
    assert "train[relu, seed 0]" not in labels
    assert "train[tanh, seed 0]" in labels


def test_the_best_of_both_are_compared_where_they_are_not_a_pair(runs: Runs) -> None:
    found = runs.compared(runs.first, runs.third)
    ours, theirs = (runs.run(name).content["best"]["variant"] for name in (runs.first, runs.third))
    assert theirs == "linear"
    best = pair(found, "linear", "best")
    assert (best["a"], best["is_best"]) == (ours, True)
    labels, before = read_test_rows(runs, runs.first, ours)
    _, after = read_test_rows(runs, runs.third, "linear")
    assert figure(best, "roc_auc")["difference"] == pytest.approx(
        roc_auc_score(labels, after) - roc_auc_score(labels, before), abs=1e-9
    )
    assert figure(best, "roc_auc")["verdict"] == "better by more than chance"


def test_the_command_says_first_whether_the_rows_are_the_same(runs: Runs) -> None:
    lines = runs.text(runs.first, runs.third)
    assert lines[0].startswith("Both runs have the same 600 rows in the same split, 123 of")
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "The same model in both: relu → rectified (renamed)." in text
    assert "linear, best of B: better by more than chance (ROC AUC)" in text
    assert "train.epochs 1 → 2" in text
    assert "Only in B: linear (ROC AUC 0." in text
    same = runs.text(runs.first, runs.first)
    assert "The same model in both: relu, tanh." in same
    assert "Stages that differ" not in same


def test_on_other_rows_figures_stand_side_by_side(runs: Runs) -> None:
    found = runs.compared(runs.third, runs.fewer)
    assert found["rows"]["kind"] == "other"
    assert found["rows"]["shared_test"] == found["rows"]["test_b"] < found["rows"]["test_a"]
    own = figure(pair(found, "linear", "same"), "roc_auc")
    assert (own["difference"], own["low"], own["method"]) == (None, None, None)
    for side, run in (("a", runs.third), ("b", runs.fewer)):
        labels, predicted = read_test_rows(runs, run, "linear")
        assert own[side]["value"] == pytest.approx(roc_auc_score(labels, predicted))
        assert own[side]["low"] < own[side]["value"] < own[side]["high"]
    lines = runs.text(runs.third, runs.fewer)
    assert lines[0].startswith("The two runs read other rows: 123 and ")
    assert max(map(len, lines[: lines.index("Parameters")])) <= 80
    assert not any("chance" in line for line in lines)
    assert any(" A 0." in line and ", B 0." in line for line in lines)


def test_without_predictions_the_difference_is_unpaired(runs: Runs, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(runs.artifacts, tmp_path / "artifacts", symlinks=True))
    copy = runs._replace(artifacts=folder)
    labels, before = read_test_rows(runs, runs.first, "tanh")
    _, after = read_test_rows(runs, runs.third, "tanh")
    shutil.rmtree(folder / "store" / "evaluate")
    gone = pair(copy.compared(copy.first, copy.third), "tanh", "same")
    own = figure(gone, "accuracy")
    shares = [accuracy_score(labels, predicted > 0.5) for predicted in (before, after)]
    reach = 1.959964 * np.sqrt(sum(share * (1 - share) for share in shares) / len(labels))
    assert own["method"] == "unpaired"
    assert own["difference"] == pytest.approx(shares[1] - shares[0])
    assert (own["high"] - own["low"]) / 2 == pytest.approx(reach, rel=1e-5)
    assert not gone["same_model"]
    assert any("(ROC AUC, unpaired)" in line for line in copy.text(copy.first, copy.third))


def test_a_verdict_knows_which_direction_is_better() -> None:
    assert chance_verdict("roc_auc", 0.02, 0.01, 0.03) == "better by more than chance"
    assert chance_verdict("log_loss", 0.02, 0.01, 0.03) == "worse by more than chance"
    assert chance_verdict("accuracy", 0.02, -0.01, 0.05) == "within chance"
    assert chance_verdict("accuracy", 0.0, 0.0, 0.0) == "no difference"
    assert chance_verdict("f1", 0.1, None, None) == "unknown"
