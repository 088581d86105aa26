"""The results in run.json, from made reviews to the verdict on each variant."""

import csv
import random
from pathlib import Path
from typing import Any

import pytest

from reviewflow.config.sentiment import read_config
from reviewflow.evaluation.diagnosis import FAILURES
from reviewflow.jobs.sentiment_summary import summary
from tests.conftest import plan_and_run, small_config, write_config

COMMON = ["film", "story", "phone", "hotel", "staff", "actor", "plot", "room", "music"]
SIGNAL = {
    "negative": ["awful", "boring", "hated", "sad"],
    "positive": ["great", "lovely", "superb", "happy"],
    "neutral": ["fair", "plain", "usual", "even"],
}
SPLITS = ["train", "validation", "test"]


def write_made(path: Path, rows: int, shares: dict[str, float], signal: int) -> Path:
    """Write reviews of 14 common words and ``signal`` words of their class."""
    draw = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        for number in range(rows):
            (label,) = draw.choices(list(shares), list(shares.values()))
            words = [draw.choice(COMMON) for _ in range(14)]
            words += [draw.choice(SIGNAL[label]) for _ in range(signal)]
            writer.writerow([" ".join([*words, f"n{number}"]), label])
    return path


def results(folder: Path, path: Path, **changes: Any) -> dict[str, Any]:
    """Return run.json beside its head, of a run without Prefect."""
    content = small_config(path) | changes
    content["train"] = {
        **content["train"],
        "optimizer": "adam",
        "learning_rate": 0.01,
        "epochs": 6,
        **changes.get("train", {}),
    }
    config = write_config(folder / "made.yaml", content)
    done = plan_and_run(config, folder / "artifacts")
    return summary(
        done.run, read_config(config), folder / "artifacts" / "runs" / "a" / "report.html"
    )


BOTH = {"negative": 0.5, "positive": 0.5}


def test_variants_that_learn_are_held_against_the_majority(tmp_path: Path) -> None:
    found = results(tmp_path, write_made(tmp_path / "made.csv", 900, BOTH, 4))
    assert found["learned"] is True
    assert [variant["learned"] for variant in found["variants"]] == [True, True]
    assert found["best"]["chosen_on"] == "validation"
    (baseline,) = found["baselines"]
    assert baseline["name"] == "majority class"
    assert list(baseline["metrics"]) == SPLITS
    assert 0.4 < baseline["metrics"]["test"]["accuracy"] < 0.6
    best = next(v for v in found["variants"] if v["name"] == found["best"]["variant"])
    assert best["metrics"]["test"]["accuracy"] > baseline["metrics"]["test"]["accuracy"]
    classes = found["data"]["classes"]
    assert [one["name"] for one in classes] == ["negative", "positive"]
    assert sum(one[split] for one in classes for split in SPLITS) == found["data"]["rows"]


def test_words_without_a_meaning_are_not_learned(tmp_path: Path) -> None:
    found = results(tmp_path, write_made(tmp_path / "made.csv", 700, BOTH, 0))
    assert found["learned"] is False
    kinds = {variant["kind"] for variant in found["variants"]}
    assert kinds <= set(FAILURES)
    assert all("try" in v["diagnosis"] or "needed" in v["diagnosis"] for v in found["variants"])


def test_three_classes_have_macro_figures_and_a_matrix(tmp_path: Path) -> None:
    path = write_made(tmp_path / "made.csv", 900, dict.fromkeys(SIGNAL, 1 / 3), 3)
    found = results(
        tmp_path,
        path,
        ingest={"path": str(path), "labels": "auto"},
        variants={"linear": {"train.hidden": []}, "network": {}},
    )
    assert found["learned"] is True
    figures = found["variants"][0]["metrics"]["test"]
    assert len(figures["confusion"]) == len(figures["classes"]) == 3
    assert figures["roc_auc"] > 0.9
    assert {one["name"] for one in found["data"]["classes"]} == set(SIGNAL)
    assert "macro ROC AUC" in found["conclusions"][0]["sentence"]


@pytest.mark.parametrize("threshold", ["best_f1", "cost"])
def test_a_rare_class_is_found_at_another_threshold(tmp_path: Path, threshold: str) -> None:
    shares = {"negative": 0.9, "positive": 0.1}
    found = results(
        tmp_path,
        write_made(tmp_path / "made.csv", 1200, shares, 1),
        variants={},
        select={"threshold": threshold, "costs": {"false_negative": 9}},
    )
    (variant,) = found["variants"]
    figures = variant["metrics"]["test"]
    assert 0 < figures["threshold"] < 1
    assert figures["recall"] > 0.5
    assert found["best"] == {"variant": variant["name"], "chosen_on": None, "metric": None}
    assert found["conclusions"] == []


def test_several_seeds_have_means_and_their_range(tmp_path: Path) -> None:
    path = write_made(tmp_path / "made.csv", 700, BOTH, 4)
    found = results(tmp_path, path, train={"repeats": 2}, variants={})
    (variant,) = found["variants"]
    each = [one["metrics"]["validation"]["accuracy"] for one in variant["repeats"]]
    assert variant["metrics"]["validation"]["accuracy"] == pytest.approx(sum(each) / 2)
    assert f"{min(each):.3f} to {max(each):.3f}" in variant["diagnosis"]
