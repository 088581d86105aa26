"""Tables of errors are left out where they would say nothing."""

from reviewflow.reporting.page.errors_view import THRESHOLD_TITLES, errors_view

GROUP = {"rows": 10, "errors": 1, "share": 0.1, "low": 0.02, "high": 0.4}


def test_groups_have_bars_of_their_shares() -> None:
    longer = {**GROUP, "errors": 2, "share": 0.2}
    groups = [{**GROUP, "shortest": 5, "longest": 5}, {**longer, "shortest": 6, "longest": 1200}]
    view = errors_view({}, {"errors": {"length": groups, "listed": 3}})
    assert [one.name for one in view.length] == ["5", "6 to 1,200"]
    assert [one.width for one in view.length] == [50.0, 100.0]
    assert view.length[0].interval == "2.0 % to 40.0 %"
    assert view.listed == 3


def test_one_group_says_nothing() -> None:
    view = errors_view({}, {"errors": {"file": [{**GROUP, "file": "a"}], "length": []}})
    assert (view.file, view.length, view.thresholds) == ((), (), ())
    assert errors_view({}, {}).thresholds == ()


def test_costs_are_those_of_the_configuration() -> None:
    run = {"config": {"select": {"costs": {"false_positive": 1, "false_negative": 5}}}}
    line = {
        "threshold": 0.5, "is_chosen": True, "predicted_share": 0.25, "accuracy": 0.75,
        "precision": None, "recall": 0.5, "false_positives": 0, "false_negatives": 2, "cost": 2500,
    }  # fmt: skip
    view = errors_view(run, {"errors": {"thresholds": [line]}})
    assert view.costs == "A false positive costs 1 and a false negative 5 (select.costs)."
    (shown,) = view.thresholds
    assert len(shown.cells) == len(THRESHOLD_TITLES)
    assert shown.cells[THRESHOLD_TITLES.index("Cost of 1,000")] == "2,500.0"
    assert (shown.threshold, shown.cells[0], shown.cells[-1]) == ("0.5", "0", "25.0 %")
