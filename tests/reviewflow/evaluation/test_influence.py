"""Compare metrics and their differences with scikit-learn's and with a bootstrap."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score, log_loss, precision_score, recall_score

from reviewflow.evaluation.influence import Judged, compare_metric, metric_influence
from reviewflow.evaluation.predictions import LabelledRows

ROWS = 400
LABELS = np.random.default_rng(1).integers(0, 2, ROWS).astype(np.int8)
GRADES = np.random.default_rng(2).integers(0, 3, ROWS).astype(np.int8)
METRICS = ("precision", "recall", "f1", "log_loss")


def model(apart: float, seed: int, threshold: float = 0.5) -> Judged:
    """Predictions of which a part depends on the seed alone."""
    noise = np.random.default_rng(9).normal(size=ROWS) + np.random.default_rng(seed).normal(
        size=ROWS, scale=0.7
    )
    scores = 1 / (1 + np.exp(-(apart * (LABELS - 0.5) + noise)))
    return Judged(LabelledRows(LABELS, scores.astype(np.float32)), threshold)


def grades(seed: int) -> Judged:
    """Predictions of three classes."""
    P = np.random.default_rng(seed).dirichlet((1, 1, 1), ROWS)
    P[np.arange(ROWS), GRADES] += 0.4
    P /= P.sum(axis=1, keepdims=True)
    return Judged(LabelledRows(GRADES, P.astype(np.float32)), 0.5)


def value(metric: str, one: Judged) -> float:
    """A metric, by scikit-learn."""
    labels, P = one.rows.labels, one.rows.probabilities.astype(np.float64)
    if metric == "log_loss":
        return float(log_loss(labels, P / P.sum(axis=1, keepdims=True) if P.ndim > 1 else P))
    kind = "macro" if P.ndim > 1 else "binary"
    predicted = P.argmax(axis=1) if P.ndim > 1 else (one.threshold < P).astype(np.int64)
    function = {"precision": precision_score, "recall": recall_score, "f1": f1_score}[metric]
    return float(function(labels, predicted, average=kind))


def value_of_rows(metric: str, one: Judged, rows: NDArray[np.int64]) -> float:
    """The same of drawn rows, a hundred times as fast."""
    labels, P = one.rows.labels[rows], one.rows.probabilities[rows]
    if metric == "log_loss":
        own = P[np.arange(len(P)), labels] if P.ndim > 1 else np.where(labels == 1, P, 1 - P)
        return float(-np.log(own).mean())
    predicted = P.argmax(axis=1) if P.ndim > 1 else one.threshold < P
    figures = []
    for label in range(3) if P.ndim > 1 else (1,):
        both = ((labels == label) & (predicted == label)).sum()
        true, called = (labels == label).sum(), (predicted == label).sum()
        below = {"precision": called, "recall": true, "f1": (true + called) / 2}[metric]
        figures.append(both / below)
    return float(np.mean(figures))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("one", [model(2, 3), model(1, 4, 0.7), grades(5)])
def test_the_figure_is_scikit_learns_and_its_variance_a_bootstraps(
    metric: str, one: Judged
) -> None:
    found = metric_influence(metric, one)
    assert found is not None
    assert found.value == pytest.approx(value(metric, one), abs=1e-6)
    generator = np.random.default_rng(7)
    drawn = [value_of_rows(metric, one, generator.integers(0, ROWS, ROWS)) for _ in range(500)]
    spread = np.sqrt(found.contributions @ found.contributions)
    assert spread == pytest.approx(np.std(drawn), rel=0.15)


@pytest.mark.parametrize("metric", METRICS)
def test_a_difference_is_paired_by_rows(metric: str) -> None:
    one, other = model(2, 3), model(1.5, 4)
    found = compare_metric(metric, [one], [other])
    assert found is not None
    assert found["difference"] == pytest.approx(value(metric, one) - value(metric, other), abs=1e-6)
    generator = np.random.default_rng(8)
    resamples = [generator.integers(0, ROWS, ROWS) for _ in range(500)]
    drawn = [
        value_of_rows(metric, one, rows) - value_of_rows(metric, other, rows) for rows in resamples
    ]
    assert (found["high"] - found["low"]) / (2 * 1.959964) == pytest.approx(np.std(drawn), rel=0.15)


def test_seeds_widen_the_interval_and_the_difference_is_one_of_means() -> None:
    ours, theirs = [model(2, 3), model(2, 4)], [model(1.5, 5), model(1.5, 6)]
    found = compare_metric("f1", ours, theirs)
    alone = compare_metric("f1", ours[:1], theirs[:1])
    assert found is not None
    assert alone is not None
    means = [np.mean([value("f1", each) for each in own]) for own in (ours, theirs)]
    assert found["difference"] == pytest.approx(means[0] - means[1], abs=1e-6)
    assert found["high"] - found["low"] > alone["high"] - alone["low"]
    welch = compare_metric("f1", ours, theirs[:1])
    assert welch is not None
    assert welch["low"] < welch["difference"] < welch["high"]


def test_what_has_no_meaning_has_no_difference() -> None:
    one = model(2, 3)
    none = Judged(LabelledRows(LABELS, np.full(ROWS, np.nan, np.float32)), 0.5)
    assert compare_metric("f1", [one], [none]) is None
    assert metric_influence("precision", one._replace(threshold=1.0)) is None
    assert metric_influence("of_another_project", one) is None
    empty = LabelledRows(LABELS[:0], one.rows.probabilities[:0])
    assert metric_influence("log_loss", Judged(empty, 0.5)) is None
