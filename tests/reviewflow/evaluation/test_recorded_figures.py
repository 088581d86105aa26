"""Compare the intervals of recorded figures with SciPy's and with the formulas."""

import math
from typing import Any

import pytest
from scipy.stats import binomtest, norm

from reviewflow.evaluation.recorded_figures import recorded_figure, unpaired_difference


def figures(accuracy: float, roc_auc: float | None = 0.9) -> dict[str, Any]:
    """The metrics of 200 test rows, 80 of them positive."""
    confusion = {"tn": 100, "fp": 20, "fn": 10, "tp": 70}
    return {"accuracy": accuracy, "roc_auc": roc_auc, "confusion": confusion, "rows": 200}


def test_an_accuracy_has_wilsons_interval() -> None:
    found = recorded_figure("accuracy", [figures(0.85)])
    assert found is not None
    wilson = binomtest(170, 200).proportion_ci(0.95, "wilson")
    assert found.interval == pytest.approx((wilson.low, wilson.high), abs=1e-6)
    assert (found.mean, found.variance) == pytest.approx((0.85, 0.85 * 0.15 / 200))


def test_a_roc_auc_has_about_the_interval_of_hanley_and_mcneil() -> None:
    """Radiology 143, 1982: the variance of an area A of P positive and Q negative rows."""
    found = recorded_figure("roc_auc", [figures(0.85, 0.9)])
    A, P, Q = 0.9, 80, 120
    more = (P - 1) * (A / (2 - A) - A * A) + (Q - 1) * (2 * A * A / (1 + A) - A * A)
    assert found is not None
    assert math.sqrt(found.variance) == pytest.approx(
        math.sqrt((A * (1 - A) + more) / (P * Q)), rel=0.15
    )
    assert found.interval.low < 0.9 < found.interval.high


def test_an_unpaired_difference_adds_the_variances() -> None:
    both = [recorded_figure("accuracy", [figures(share)]) for share in (0.85, 0.80)]
    assert both[0] is not None
    assert both[1] is not None
    found = unpaired_difference(both[0], both[1])
    spread = math.sqrt(0.85 * 0.15 / 200 + 0.8 * 0.2 / 200)
    assert found["difference"] == pytest.approx(0.05)
    assert found["low"] == pytest.approx(0.05 - norm.ppf(0.975) * spread, abs=1e-5)
    assert found["p"] == pytest.approx(2 * norm.sf(0.05 / spread), abs=1e-5)


def test_seeds_widen_it() -> None:
    several = recorded_figure("accuracy", [figures(0.80), figures(0.90), figures(0.85)])
    single = recorded_figure("accuracy", [figures(0.85)])
    assert several is not None
    assert single is not None
    assert several.mean == pytest.approx(single.mean)
    assert several.interval.low < single.interval.low


def test_what_is_not_recorded_has_no_interval() -> None:
    assert recorded_figure("roc_auc", [figures(0.85, None)]) is None
    assert recorded_figure("f1", [figures(0.85) | {"f1": 0.8}]) is None
    assert recorded_figure("accuracy", []) is None
    assert recorded_figure("accuracy", [{"accuracy": 0.8}]) is None
