"""The loss chart says what guessing costs with the classes as they are."""

import re

import numpy as np
import pytest

from reviewflow.evaluation.diagnosis import class_entropy
from reviewflow.reporting.charts.loss import LossCurve, loss_chart

TOP = 0.75 * 1.04  # of the loss axis, where no loss is higher
MUTED_LINE = re.compile(
    r'd="M [\d.]+ ([\d.]+) \nL [\d.]+ \1 \n" clip-path="[^"]*" '
    r'style="fill: none; stroke: #5b6975; stroke-linecap: square"'
)


@pytest.mark.parametrize(
    ("negative", "positive", "label", "loss"),
    [(50, 50, "ln 2", 0.6931), (70, 30, "0.611", 0.6109), (497, 503, "ln 2", 0.6931)],
)
def test_the_line_of_guessing(negative: int, positive: int, label: str, loss: float) -> None:
    curve = LossCurve(0, np.array([1.0, 2.0]), np.array([0.6, 0.4]))
    svg = loss_chart((curve,), 0, class_entropy(negative, positive), 2, {0: 0})
    assert f">guessing, {label}</text>" in svg
    assert f"Guessing gives {label}{', about 0.693' if label == 'ln 2' else ''}.</desc>" in svg
    (height,) = MUTED_LINE.findall(svg)
    bottom, tall = 400 * (1 - 0.16), 400 * 0.80
    assert (bottom - float(height)) / tall * TOP == pytest.approx(loss, abs=1e-3)


def test_seeds_that_stop_early_have_a_mean_over_the_epochs_of_all() -> None:
    seeds = [np.linspace(0.7, 0.3, epochs) for epochs in (6, 4)]
    curves = tuple(LossCurve(0, np.arange(1.0, len(own) + 1), own) for own in seeds)
    svg = loss_chart(curves, 0, class_entropy(1, 1), 2, {0: 0, 1: 1})
    mean = (seeds[0][3] + seeds[1][3]) / 2
    top = TOP
    last = f"{400 * (1 - 0.16) - 400 * 0.80 * mean / top:.2f}"
    assert last in svg
