"""Lines of figures: never too long, rising where the values rise, valid SVG whatever they hold."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.reporting.charts.sparkline import (
    BLOCKS,
    BREAK,
    HEIGHT,
    UNKNOWN,
    runs_per_block,
    sparkline_svg,
    sparkline_text,
)

VALUES = st.lists(st.none() | st.floats(-1e9, 1e9), max_size=120)


@given(st.data(), VALUES, st.integers(1, 70))
def test_a_line_of_blocks_fits(data: st.DataObject, values: list[float | None], width: int) -> None:
    places = st.integers(1, max(1, len(values) - 1))
    breaks = sorted(data.draw(st.sets(places, max_size=5))) if len(values) > 1 else []
    line = sparkline_text(values, breaks, width)
    assert len(line) <= width
    assert set(line) <= {*BLOCKS, BREAK, UNKNOWN}
    if values:
        assert runs_per_block(values, breaks, width) >= 1
    svg = ElementTree.fromstring(sparkline_svg(values, breaks, 'a "line" & <more>'))
    assert svg.get("aria-label") == 'a "line" & <more>'
    for path in svg:
        assert "nan" not in (path.get("d") or "")


@pytest.mark.parametrize(
    ("values", "breaks", "width", "line"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], [], 8, BLOCKS),
        ([0, 0, 7, 7], [], 2, "▁█"),
        ([1, None, 2], [], 3, "▁·█"),
        ([1, 2, 5, 9], [2], 5, "▁▂┊▅█"),
        ([0.1 + 0.2, 0.3, 0.3], [], 3, "▅▅▅"),
        ([], [], 5, ""),
        ([None], [], 5, "·"),
    ],
)
def test_lines_by_hand(
    values: list[float | None], breaks: list[int], width: int, line: str
) -> None:
    assert sparkline_text(values, breaks, width) == line


def test_the_svg_rises_and_marks_what_happened() -> None:
    marks = [None, None, "failed", None]
    svg = ElementTree.fromstring(sparkline_svg([1.0, 2.0, None, 4.0], [1], "rising", marks))
    lines = [path.get("d") or "" for path in svg if path.get("class") == "line"]
    heights = [
        float(point.removesuffix("h0").split()[1])
        for line in lines
        for point in line[1:].split("L")
    ]
    assert len(lines) == 2  # before and after the break
    assert heights == sorted(heights, reverse=True)  # y grows downwards
    assert all(0 <= height <= HEIGHT for height in heights)
    assert [path.get("class") for path in svg].count("failed") == 1
    assert [path.get("class") for path in svg].count("break") == 1
