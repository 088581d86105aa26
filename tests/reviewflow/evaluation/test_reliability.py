"""Calibration: shares of positive rows by probability, with their intervals."""

import numpy as np
import pytest

from reviewflow.evaluation.reliability import calibration_curve, wilson_interval


def test_calibration_of_probabilities_that_mean_what_they_say() -> None:
    generator = np.random.default_rng(3)
    probabilities = generator.random(20_000).astype(np.float32)
    labels = (generator.random(20_000) < probabilities).astype(np.int8)
    curve = calibration_curve(labels, probabilities)
    assert curve.error < 0.02
    assert ((curve.low <= curve.predicted) & (curve.predicted <= curve.high)).sum() >= 8
    doubtful = calibration_curve(labels, (0.25 + probabilities / 2).astype(np.float32))
    assert doubtful.error == pytest.approx(0.125, abs=0.01)


def test_wilsons_interval_is_scipys() -> None:
    from scipy.stats import binomtest

    for right, rows in ((0, 10), (3, 10), (499, 500)):
        wanted = binomtest(right, rows).proportion_ci(method="wilson")
        low, high = wilson_interval(np.array([right / rows]), np.array([rows]))
        assert (low[0], high[0]) == pytest.approx((wanted.low, wanted.high), abs=1e-6)
