"""The best variant's charts: each class against the rest, as far as classes can be told apart."""

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score

from reviewflow.evaluation.predictions import LabelledRows
from reviewflow.reporting.charts.best import draw_best


def predictions(
    classes: int, rows: int = 200, seed: int = 0, labels: list[int] | None = None
) -> tuple[LabelledRows, dict[str, Any]]:
    """Predictions of a model that knows a little, and their confusion."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, classes, rows) if labels is None else np.array(labels)
    scores = generator.normal(size=(len(truth), classes))
    scores[np.arange(len(truth)), truth] += 1
    odds = np.exp(scores)
    shares = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    counts = confusion_matrix(truth, shares.argmax(axis=1), labels=list(range(classes))).tolist()
    cells = dict(zip(("tn", "fp", "fn", "tp"), np.ravel(counts).tolist(), strict=False))
    found = LabelledRows(truth.astype(np.int8), shares[:, 1] if classes == 2 else shares)
    return found, {"confusion": cells if classes == 2 else counts}


def test_each_class_has_the_area_of_scikit_learn() -> None:
    rows, figures = predictions(4)
    charts, numbers = draw_best(rows, rows, figures, tuple("abcd"))
    assert set(charts) == {"roc", "precision_recall", "confusion", "calibration"}
    for number, name in enumerate("abcd"):
        area = roc_auc_score(rows.labels == number, rows.probabilities[:, number])
        assert f">{area:.3f}  {name}</text>" in charts["roc"]
        average = average_precision_score(rows.labels == number, rows.probabilities[:, number])
        assert f"{name} {average:.3f}" in charts["precision_recall"]
    assert [one["name"] for one in numbers["calibration"]] == list("abcd")
    assert sum(one["rows"] for one in numbers["calibration"][0]["bins"]) == 200
    assert len(numbers["confusions"]) == 12


def test_two_classes_have_one_calibration_and_no_confusions() -> None:
    rows, figures = predictions(2)
    train, _ = predictions(2, seed=1)
    charts, numbers = draw_best(rows, train, figures, ("bad", "good"))
    for name, own in (("test", rows), ("train", train)):
        assert f"{name}, {roc_auc_score(own.labels, own.probabilities):.3f}" in charts["roc"]
        average = average_precision_score(own.labels, own.probabilities)
        assert f"{name}, {average:.3f}" in charts["precision_recall"]
    (one,) = numbers["calibration"]
    assert one["name"] == "good"
    assert one["error"] == pytest.approx(
        sum(b["rows"] * abs(b["predicted"] - b["observed"]) for b in one["bins"]) / 200
    )
    assert numbers["confusions"] == []


@pytest.mark.parametrize(("classes", "drawn"), [(7, {"confusion"}), (21, set())])
def test_more_classes_than_can_be_told_apart_are_in_tables_alone(
    classes: int, drawn: set[str]
) -> None:
    rows, figures = predictions(classes)
    charts, numbers = draw_best(rows, rows, figures, tuple(f"class {k}" for k in range(classes)))
    assert set(charts) == drawn
    assert len(numbers["calibration"]) == classes
    assert numbers["confusions"]


@pytest.mark.parametrize("classes", [2, 3])
def test_rows_of_one_class_have_no_curve(classes: int) -> None:
    rows, figures = predictions(classes, labels=[1] * 40)
    charts, numbers = draw_best(rows, rows, figures, tuple("abc"[:classes]))
    assert set(charts) == {"confusion"}
    assert numbers["calibration"] == []


@settings(max_examples=15)
@given(st.integers(2, 6), st.integers(1, 30), st.integers(0, 99))
def test_charts_of_any_predictions_are_well_formed(classes: int, rows: int, seed: int) -> None:
    found, figures = predictions(classes, rows, seed)
    charts, _ = draw_best(found, found, figures, tuple(f"<{k}> & $x$" for k in range(classes)))
    for chart in charts.values():
        ElementTree.fromstring(chart)
