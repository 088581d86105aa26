"""What the figures of the table mean: thresholds, classes, seeds."""

from reviewflow.reporting.page.metric_notes import metric_note
from reviewflow.reporting.page.variant_table import variant_rows


def note(*names: str, thresholds: tuple[float | None, ...] = (None,)) -> str:
    variants = [
        {"name": str(k), "metrics": {"test": {} if value is None else {"threshold": value}}}
        for k, value in enumerate(thresholds)
    ]
    content = {"variants": variants}
    return metric_note(content, {"class_names": list(names)}, variant_rows(content))


def test_two_classes_have_a_threshold_and_a_positive_class() -> None:
    assert note("bad", "good") == (
        "Accuracy, precision, recall and F1 are at the threshold 0.5. Precision, recall and F1 are "
        "those of good. Intervals are 95 %."
    )
    assert "at the threshold 0.312." in note("bad", "good", thresholds=(0.3123, 0.3123))
    own = note("bad", "good", thresholds=(0.3, None))
    assert "at each variant's own threshold, chosen on the validation rows" in own


def test_several_classes_have_means() -> None:
    assert note("a", "b", "c") == (
        "Precision, recall, F1 and ROC AUC are macro averages, means over the 3 classes, each "
        "against all others. The most probable class is predicted. Intervals are 95 %."
    )


def test_intervals_say_which_chance_they_count() -> None:
    compared = {"variants": [{"group": 0, "counts": "rows and seeds"}]}
    text = metric_note({}, {"class_names": ["a", "b"], "comparisons": compared}, ())
    assert text.endswith("Intervals are 95 % and count the chance of rows and seeds.")
