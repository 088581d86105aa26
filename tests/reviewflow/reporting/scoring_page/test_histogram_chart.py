"""The chart: its heights are the shares, whatever the counts, and its text stays text."""

import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.reporting.scoring_page.histogram_chart import (
    BOTTOM,
    HEIGHT,
    MOST_CLASSES,
    TOP,
    WIDTH,
    Histogram,
    histogram_chart,
    percent,
)

COUNTS = st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=20)


def of_bins(before: tuple[int, ...], now: tuple[int, ...]) -> Histogram:
    bins = tuple(f"bin {number}" for number in range(len(now)))
    return Histogram("Lengths", "tokens", bins, ((0, "0"),), before, now)


def of_classes(names: tuple[str, ...], before: tuple[int, ...], now: tuple[int, ...]) -> Histogram:
    return Histogram("Labels", "", names, (), before, now)


def texts(svg: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(svg).iter("text")]


def drawn_shares(svg: str, kind: str) -> list[float]:
    """Return the shares that the outline of a histogram has, by the axis beside it."""
    (outline,) = re.findall(rf'class="{kind}" d="([^"]+)"', svg)
    heights = [float(y) for y in re.findall(r"V([\d.]+)H", outline)]
    top = max(float(text.removesuffix(" %")) for text in texts(svg) if text.endswith(" %")) / 100
    return [(HEIGHT - BOTTOM - y) / (HEIGHT - TOP - BOTTOM) * top for y in heights]


@given(COUNTS)
def test_the_steps_are_as_high_as_the_shares(counts: list[tuple[int, int]]) -> None:
    before, now = (tuple(side) for side in zip(*counts, strict=True))
    svg = histogram_chart(of_bins(before, now))
    for kind, rows in (("before", before), ("now", now)):
        expected = [count / max(sum(rows), 1) for count in rows]
        assert drawn_shares(svg, kind) == pytest.approx(expected, abs=1e-3)


@given(COUNTS)
def test_nothing_leaves_the_view_box(counts: list[tuple[int, int]]) -> None:
    before, now = (tuple(side) for side in zip(*counts, strict=True))
    for histogram in (of_bins(before, now), of_classes(of_bins(before, now).bins, before, now)):
        svg = histogram_chart(histogram)
        high = float(re.findall(r'viewBox="0 0 \d+ (\d+)"', svg)[0])
        assert all(0 <= float(y) <= high for y in re.findall(r'[yV]="?([\d.]+)', svg))
        assert all(0 <= float(x) <= WIDTH for x in re.findall(r'[xH]="?([\d.]+)', svg))


def test_bars_of_classes_are_in_proportion() -> None:
    svg = histogram_chart(of_classes(("no", "yes"), (30, 70), (10, 10)))
    lengths = [float(long) for long in re.findall(r"M0 \d+h([\d.]+)", svg)]
    assert [long / lengths[2] for long in lengths] == pytest.approx(
        [3 / 7, 5 / 7, 1, 5 / 7], abs=0.01
    )
    assert texts(svg) == ["no", "30 %", "50 %", "yes", "70 %", "50 %"]


def test_of_many_classes_the_frequent_ones_have_bars() -> None:
    names = tuple(f"class {number}" for number in range(40))
    rows = tuple(range(40))
    words = texts(histogram_chart(of_classes(names, rows, rows)))
    assert words[0] == "class 39"
    assert len([word for word in words if word.startswith("class")]) == MOST_CLASSES
    share = percent(sum(range(28)) / sum(rows))
    assert words[-1] == f"28 other classes: {share} of validation rows, {share} of scored rows"


def test_names_stay_text_and_short() -> None:
    svg = histogram_chart(of_classes(("<script>" * 30, 'quote " плохо'), (1, 1), (1, 1)))
    assert "<script>" not in svg
    assert ElementTree.fromstring(svg).attrib["role"] == "img"
    assert max(map(len, texts(svg))) <= 40


@pytest.mark.parametrize(
    ("share", "words"), [(0.0, "0.0 %"), (0.0994, "9.9 %"), (0.0996, "10 %"), (1.0, "100 %")]
)
def test_shares_in_percent(share: float, words: str) -> None:
    assert percent(share) == words
