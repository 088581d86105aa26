"""The majority class as a baseline, and which models beat it."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from reviewflow.evaluation.majority import (
    compare_with_majority,
    majority_baseline,
    majority_class,
    mann_whitney,
)
from reviewflow.evaluation.metrics import split_metrics


def metrics_of(
    rows: int,
    classes: int,
    signal: float,
    seed: int,
    rare: float = 0.5,
    splits: tuple[str, ...] = ("train", "validation", "test"),
) -> dict[str, Any]:
    """Return metrics of a model whose scores hold so much of the truth."""
    generator = np.random.default_rng(seed)
    shares = np.array([rare, *([(1 - rare) / (classes - 1)] * (classes - 1))])
    metrics = {}
    for split in splits:
        number = 4 * rows if split == "train" else rows
        labels = generator.choice(classes, number, p=shares)
        odds = np.log(shares) + generator.normal(size=(number, classes))
        odds = odds + signal * np.eye(classes)[labels]
        scores = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
        scores = scores.astype(np.float32)
        metrics[split] = split_metrics(labels, scores[:, 1] if classes == 2 else scores)
    return metrics


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_the_baseline_has_the_figures_of_scikit_learns_dummy(classes: int) -> None:
    generator = np.random.default_rng(classes)
    labels = {
        split: generator.integers(0, classes, rows).astype(np.int8)
        for split, rows in (("train", 97), ("test", 41))
    }
    baseline = majority_baseline(labels, classes)
    assert baseline["name"] == "majority class"
    nothing = np.zeros((97, 1))
    dummy = DummyClassifier(strategy="prior").fit(nothing, labels["train"])
    for split, truth in labels.items():
        figures = baseline["metrics"][split]
        scores = dummy.predict_proba(np.zeros((len(truth), 1)))
        predicted = dummy.predict(np.zeros((len(truth), 1)))
        assert figures["accuracy"] == accuracy_score(truth, predicted)
        assert figures["roc_auc"] == 0.5
        assert figures["log_loss"] == pytest.approx(log_loss(truth, scores), rel=1e-5)


def test_the_majority_class_is_that_of_the_training_rows() -> None:
    metrics = metrics_of(50, 3, 1.0, 1, rare=0.7)
    assert majority_class(metrics["train"]) == 0
    assert majority_class({}) is None
    found = compare_with_majority(metrics, "validation")
    assert found is not None
    assert found.majority == metrics["validation"]["classes"][0]["rows"] / 50
    assert found.accuracy == pytest.approx(metrics["validation"]["accuracy"])


@pytest.mark.parametrize(("classes", "rows", "rare"), [(2, 80, 0.5), (2, 400, 0.9), (4, 200, 0.4)])
def test_a_model_that_knows_something_beats_it(classes: int, rows: int, rare: float) -> None:
    metrics = metrics_of(rows, classes, 2.0, 3, rare)
    found = compare_with_majority(metrics, "validation")
    assert found is not None
    assert found.beats_chance(3)


@pytest.mark.parametrize(
    ("classes", "rare"),
    [
        (2, 0.5),
        pytest.param(2, 0.9, marks=pytest.mark.slow),
        pytest.param(4, 0.4, marks=pytest.mark.slow),
    ],
)
def test_a_model_that_knows_nothing_seldom_does(classes: int, rare: float) -> None:
    trained = metrics_of(80, classes, 0.0, 200, rare, ("train",))
    found = [
        compare_with_majority(trained | metrics_of(80, classes, 0.0, seed, rare, ("test",)), "test")
        for seed in range(100)
    ]
    assert sum(each is not None and each.beats_chance() for each in found) <= 0.08 * 100


def test_a_ranking_counts_only_where_the_model_is_right_as_often() -> None:
    """A network that calls every row the majority class may still rank them well."""
    confusion = {"tn": 96, "fp": 0, "fn": 4, "tp": 0}
    figures = {"confusion": confusion, "roc_auc": 0.93, "rows": 100}
    found = compare_with_majority({"train": figures, "test": figures}, "test")
    assert found is not None
    assert found.beats_chance()
    worse = figures | {"confusion": {"tn": 94, "fp": 2, "fn": 4, "tp": 0}}
    found = compare_with_majority({"train": figures, "test": worse}, "test")
    assert found is not None
    assert not found.beats_chance()


def test_what_is_unknown_is_not_compared() -> None:
    metrics = metrics_of(50, 2, 1.0, 1)
    assert compare_with_majority(metrics, "nowhere") is None
    diverged = split_metrics(np.array([0, 1]), np.array([np.nan, 1], np.float32))
    assert compare_with_majority(metrics | {"test": diverged}, "test") is None
    assert compare_with_majority({"test": metrics["test"]}, "test") is None


@given(st.integers(3, 60), st.integers(3, 60), st.integers(0, 1000))
def test_mann_whitney_is_scipys(positive: int, negative: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = np.repeat([1, 0], [positive, negative])
    scores = generator.random(positive + negative)
    expected = mannwhitneyu(
        scores[labels == 1],
        scores[labels == 0],
        alternative="greater",
        method="asymptotic",
        use_continuity=False,
    ).pvalue
    area = roc_auc_score(labels, scores)
    assert mann_whitney(area, positive, negative) == pytest.approx(expected, rel=1e-6)
    assert mann_whitney(None, 1, 1) == mann_whitney(0.9, 0, 5) == 1
    assert not math.isnan(mann_whitney(1.0, 1, 1))
