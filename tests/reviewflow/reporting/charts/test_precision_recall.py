"""The curve is scikit-learn's, and guessing is the share of the class."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from reviewflow.reporting.charts.precision_recall import (
    precision_recall_chart,
    precision_recall_of,
)


def test_the_chart_says_average_precision_and_share() -> None:
    generator = np.random.default_rng(3)
    is_class = generator.random(400) < 0.2
    scores = (generator.random(400) + is_class).astype(np.float32)
    curve = precision_recall_of(is_class, scores)
    assert curve is not None
    assert curve.figure == pytest.approx(average_precision_score(is_class, scores))
    assert curve.base == is_class.mean()
    svg = precision_recall_chart(curve, None, "rare $x$")
    assert f"test, {curve.figure:.3f}" in svg
    assert f"of which {is_class.mean():.1%} are rare $x$." in svg
    assert "train" not in svg


def test_rows_of_one_class_have_no_curve() -> None:
    scores = np.zeros(3, np.float32)
    assert precision_recall_of(np.ones(3, bool), scores) is None
    assert precision_recall_of(np.zeros(3, bool), scores) is None
