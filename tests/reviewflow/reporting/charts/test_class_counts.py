"""The rows of each class: a bar each, with names of any length."""

from xml.etree import ElementTree

import pytest

from reviewflow.reporting.charts.class_counts import MOST_BARS, ClassCounts, class_chart

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter()]


def test_several_classes_have_a_bar_each_with_their_share() -> None:
    rows = {"train": [600, 100, 100], "validation": [60, 20, 20], "test": [60, 20, 20]}
    counts = ClassCounts(("bad", "fair", "good"), rows, {"train": 5, "validation": 0, "test": 0})
    shown = texts(class_chart(counts))
    assert {"bad", "fair", "good", "train", "validation", "test"} <= set(shown)
    assert "720 (72.0%)" in shown
    assert shown.count("140 (14.0%)") == 2
    assert counts.total == 1005


def test_rows_without_a_label_are_a_bar_of_their_split() -> None:
    rows = {"train": [3, 4], "test": [1, 2]}
    counts = ClassCounts(("a", "b"), rows, {"train": 7, "test": 0})
    shown = texts(class_chart(counts))
    assert "train, a: 3; train, b: 4; train, no label: 7; test, a: 1; test, b: 2." in shown


@pytest.mark.parametrize("classes", [2, 5, 40])
def test_long_names_are_cut_and_very_many_classes_not_drawn(classes: int) -> None:
    names = tuple(f"{'a long name ' * 4} {k}" for k in range(classes))
    rows = {"train": [9] * classes, "test": [1] * classes}
    svg = class_chart(ClassCounts(names, rows, {"train": 0, "test": 0}))
    labels = [text for text in texts(svg) if "…" in text and len(text) < 40 and "\n" not in text]
    assert len(labels) == len(set(labels)) == (4 if classes == 2 else min(classes, MOST_BARS))
    assert max(map(len, labels)) <= len("train, ") + 22
    assert ("10 classes are not drawn." in svg) == (classes == 40)


def test_no_rows_are_no_error() -> None:
    assert "There are no rows." in class_chart(ClassCounts((), {}, {}))
