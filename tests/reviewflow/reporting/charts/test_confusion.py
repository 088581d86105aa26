"""The confusion matrix: every count that has room, and the pairs that are confused most."""

from xml.etree import ElementTree

import numpy as np
import pytest

from reviewflow.reporting.charts.confusion import confusion_chart, largest_confusions

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(element.itertext()).strip() for element in root.iter(f"{SVG}text")]


def counts_of(classes: int) -> np.ndarray:
    return np.random.default_rng(classes).integers(1, 900, (classes, classes))


@pytest.mark.parametrize("classes", [2, 3, 4, 6])
def test_each_cell_has_its_count(classes: int) -> None:
    counts = counts_of(classes)
    shown = texts(confusion_chart(counts, tuple(f"class {k}" for k in range(classes))))
    assert {f"{count:,}" for count in counts.ravel().tolist()} <= set(shown)
    assert shown.count("class 1") == 2, "down and across"


def test_many_classes_have_shares_and_very_many_shades_alone() -> None:
    counts = counts_of(8)
    shares = counts / counts.sum(axis=1, keepdims=True)
    shown = texts(confusion_chart(counts, tuple("abcdefgh")))
    assert {f"{share:.0%}" for share in shares.ravel().tolist()} <= set(shown)
    assert set(texts(confusion_chart(counts_of(13), tuple("abcdefghijklm")))) == {
        *"abcdefghijklm",
        "predicted",
        "labelled",
    }


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_names_are_text_and_cut_to_their_place(classes: int) -> None:
    names = ("$\\frac{1}$ <b>&", "a\x1b\u202e\nname of very many letters", "好" * 20, *"defg")
    svg = confusion_chart(counts_of(classes), names[:classes])
    shown = texts(svg)
    assert any(name.startswith("$\\frac{1}") for name in shown)
    assert any(name.startswith("a␛⟨U+") for name in shown)
    assert max(len(name) for name in shown) < 30


def test_the_largest_confusions_come_first() -> None:
    counts = np.array([[50, 3, 0], [9, 40, 1], [0, 0, 0]])
    found = largest_confusions(counts, ("a", "b", "c"))
    assert [(one.labelled, one.predicted, one.rows) for one in found] == [
        ("b", "a", 9),
        ("a", "b", 3),
        ("b", "c", 1),
    ]
    assert found[0].share == pytest.approx(0.18)
