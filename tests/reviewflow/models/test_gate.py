"""The gate beside scikit-learn's area and a bootstrap of the paired rows."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from reviewflow.models.gate import Contender, Rules, decide, refusal

RULES = Rules(0.005, None)


def scores(labels: np.ndarray, noise: float, seed: int) -> tuple[np.ndarray, float]:
    drawn = np.random.default_rng(seed).normal(labels, noise)
    return (1 / (1 + np.exp(-drawn))).astype(np.float32), 0.5


@pytest.fixture
def labels() -> np.ndarray:
    return (np.random.default_rng(0).random(4000) < 0.4).astype(np.int8)


def test_equal_models_pass(labels: np.ndarray) -> None:
    own = scores(labels, 0.5, 1)
    decision = decide(labels, own, own, "abc", RULES)
    assert decision.promoted
    assert decision.champion == "abc"
    assert decision.figures["difference"] == 0
    assert decision.figures["candidate"] == pytest.approx(roc_auc_score(labels, own[0]))
    assert "a loss of 0.005 or more is excluded" in decision.reason


def test_the_interval_is_that_of_a_paired_bootstrap(labels: np.ndarray) -> None:
    candidate = scores(labels, 0.55, 1)
    champion = (candidate[0] + scores(labels, 3, 2)[0] / 10).astype(np.float32), 0.5
    decision = decide(labels, candidate, champion, "abc", RULES)
    generator = np.random.default_rng(3)
    drawn = [generator.integers(0, len(labels), len(labels)) for _ in range(150)]
    differences = [
        roc_auc_score(labels[rows], candidate[0][rows])
        - roc_auc_score(labels[rows], champion[0][rows])
        for rows in drawn
    ]
    low, high = np.quantile(differences, [0.025, 0.975])
    width = high - low
    assert decision.figures["low"] == pytest.approx(low, abs=0.25 * width)
    assert decision.figures["high"] == pytest.approx(high, abs=0.25 * width)


def test_a_worse_model_is_refused_with_its_figures(labels: np.ndarray) -> None:
    decision = decide(labels, scores(labels, 0.9, 1), scores(labels, 0.5, 2), "abc", RULES)
    assert not decision.promoted
    assert decision.figures["high"] < 0
    assert decision.reason.endswith("a loss of 0.005 or more is not excluded.")


def test_a_gain_may_be_asked_for(labels: np.ndarray) -> None:
    better, champion = scores(labels, 0.4, 1), scores(labels, 0.6, 1)
    assert decide(labels, better, champion, "abc", RULES).promoted
    assert decide(labels, better, champion, "abc", Rules(0.005, 0.01)).promoted
    asked = decide(labels, champion, champion, "abc", Rules(0.005, 0.01))
    assert not asked.promoted
    assert "publish.min_gain asks for a gain of 0.01" in asked.reason


def test_few_rows_exclude_no_loss(labels: np.ndarray) -> None:
    few = labels[:60]
    decision = decide(few, scores(few, 0.5, 1), scores(few, 0.5, 2), "abc", RULES)
    assert not decision.promoted


@pytest.mark.parametrize("rows", [np.zeros(30, np.int8), np.zeros(0, np.int8)])
def test_rows_of_one_class_decide_nothing(rows: np.ndarray) -> None:
    decision = decide(rows, scores(rows, 0.5, 1), scores(rows, 0.5, 2), "abc", RULES)
    assert not decision.promoted
    assert "do not tell the two models apart" in decision.reason


def test_several_classes_are_compared_by_their_mean_area() -> None:
    labels = np.arange(3000, dtype=np.int8) % 3
    drawn = np.random.default_rng(0).random((3000, 3)).astype(np.float32)
    drawn[np.arange(3000), labels] += 0.5
    P = drawn / drawn.sum(axis=1, keepdims=True)
    decision = decide(labels, (P, 0.5), (P, 0.5), "abc", RULES)
    expected = roc_auc_score(labels, P, multi_class="ovr")
    assert decision.figures["candidate"] == pytest.approx(expected, abs=1e-6)
    assert decision.promoted


def test_other_classes_and_another_split_are_refused() -> None:
    own = Contender(None, ("no", "yes"), {"method": "hash", "seed": 42})
    assert refusal(own, own._replace(version="abc")) is None
    names = refusal(own, own._replace(version="abc", class_names=("bad", "good")))
    assert "The classes are no, yes, and those of the champion abc" in str(names)
    split = refusal(own, own._replace(version="abc", split={"method": "hash", "seed": 1}))
    assert "differs from that of the champion abc in seed" in str(split)
