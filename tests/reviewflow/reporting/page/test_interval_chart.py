"""The interval chart keeps every figure on its axis, in the table's order."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from matplotlib.ticker import MaxNLocator

from reviewflow.evaluation.metrics import metric_named
from reviewflow.reporting.page.interval_chart import MOST_TICKS, axis_ticks, interval_chart
from reviewflow.reporting.page.variant_table import ranked_rows, variant_rows

AUC = metric_named("roc_auc")


def run(*figures: float | None, learned: tuple[bool, ...] = ()) -> dict[str, object]:
    variants = [
        {"name": f"v{n}", "key": str(n), "metrics": {"test": {"roc_auc": value}}}
        | ({"learned": learned[n]} if learned else {})
        for n, value in enumerate(figures)
    ]
    return {"variants": variants, "state": "completed"}


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40))
@example([0.0, 5e-324])
def test_figures_lie_on_the_axis_in_order(figures: list[float]) -> None:
    content = run(*figures)
    rows = ranked_rows(content, variant_rows(content), AUC)
    chart = interval_chart(rows, AUC, "test")
    assert chart is not None
    places = [row.value for row in chart.rows]
    assert places == sorted(places, reverse=True)
    assert all(0 <= row.low <= row.value <= row.high <= 100 for row in chart.rows)
    assert all(0 <= place <= 100 for place, _ in chart.ticks)
    assert 1 <= len(chart.ticks) <= MOST_TICKS + 1


@pytest.mark.parametrize(("low", "high"), [(0.84, 0.93), (0.0, 1.0), (0.4999, 0.5001), (3, 70)])
def test_ticks_are_round_numbers(low: float, high: float) -> None:
    ticks = [tick for tick, _ in axis_ticks(low, high)]
    finest = MaxNLocator(len(ticks) + 4, steps=[1, 2, 5, 10]).tick_values(low, high)
    assert all(min(abs(finest - tick)) < 1e-9 for tick in ticks)
    assert [float(text) for _, text in axis_ticks(low, high)] == pytest.approx(ticks)


def test_intervals_and_the_best_are_marked() -> None:
    content = {**run(0.8, 0.9), "best": {"variant": "v1", "chosen_on": "test"}}
    ends = {"variants": [{"group": 1, "roc_auc": {"low": 0.85, "high": 0.94}}]}
    rows = ranked_rows(content, variant_rows(content, {"comparisons": ends}), AUC)
    chart = interval_chart(rows, AUC, "test")
    assert chart is not None
    assert chart.title == "ROC AUC on the test rows, with 95 % intervals"
    first, second = chart.rows
    assert (first.name, first.best, first.text) == ("v1", True, "0.9000")
    assert first.low < first.value < first.high
    assert second.low == second.value == second.high


def test_those_that_learned_come_first_and_those_without_a_figure_last() -> None:
    content = run(None, 0.7, 0.9, 0.8, learned=(True, True, False, True))
    rows = ranked_rows(content, variant_rows(content), AUC)
    assert [row.name for row in rows] == ["v3", "v1", "v2", "v0"]
    assert interval_chart(rows[:1], AUC, "test") is None
