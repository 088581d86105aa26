"""The learning curve in words: rising beyond chance, within it, or flat."""

import pytest

from reviewflow.reporting.page.learning_curve_view import curve_views


def run_with(*accuracies: float | None) -> dict[str, object]:
    points = [
        {
            "share": (number + 1) / len(accuracies),
            "rows": 1000 * (number + 1),
            "accuracy": accuracy,
            "low": None if accuracy is None else accuracy - 0.01,
            "high": None if accuracy is None else accuracy + 0.01,
        }
        for number, accuracy in enumerate(accuracies)
    ]
    curve = {"variant": "linear", "on": "validation", "rows": 2000, "points": points}
    return {"learning_curves": [curve]}


@pytest.mark.parametrize(
    ("accuracies", "end"),
    [
        ((0.7, 0.8, 0.83), "more labels would help."),
        ((0.7, 0.8, 0.805), "a rise within chance: more labels may help."),
        ((0.7, 0.8, 0.801), "more labels of the same kind would hardly help."),
        ((0.7, 0.8, 0.79), "more labels of the same kind would hardly help."),
        ((0.7,), "too few points to tell whether more labels would help."),
        ((None, None), "too few points to tell whether more labels would help."),
    ],
)
def test_the_last_step_decides(accuracies: tuple[float | None, ...], end: str) -> None:
    (view,) = curve_views(run_with(*accuracies))
    assert view.sentence.endswith(end)
    assert len(view.points) == len(accuracies)
    assert view.on == "2,000 validation rows"


def test_a_run_of_before_has_no_curve() -> None:
    assert curve_views({}) == ()
