"""Tables that fit a terminal whatever they hold, and say all elsewhere."""

import re
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from flows.commands.fitted_table import (
    Cell,
    Column,
    fitted_widths,
    shorten,
    table_lines,
    wants_colour,
)

NAMES = st.text(max_size=60) | st.sampled_from(["名前" * 30, "x" * 200, "é" * 90, "👩‍👩‍👧" * 20])
COLUMNS = (
    Column("run", least=16),
    Column("name", least=8),
    Column("rows", right=True, least=9, rank=1),
    Column("score", right=True),
)


@settings(max_examples=30)
@given(st.lists(st.tuples(NAMES, NAMES, NAMES), max_size=6), st.integers(50, 130))
def test_lines_fit_whatever_the_names(rows: list[tuple[str, ...]], width: int) -> None:
    table = [(*row, "0.9500") for row in rows]
    lines = list(table_lines(COLUMNS, table, width))
    assert len(lines) == len(rows) + 1
    for line in lines:
        assert cell_len(line) <= width
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", line)
    for line in lines[1:]:
        assert line.endswith("0.9500")


def test_columns_go_by_rank_and_the_longest_is_shortened_first() -> None:
    natural = [16, 30, 9, 6]
    assert fitted_widths(COLUMNS, natural, 67) == natural
    assert fitted_widths(COLUMNS, natural, 60) == [16, 23, 9, 6]
    assert fitted_widths(COLUMNS, natural, 44) == [16, 18, 0, 6]


def test_nothing_is_lost_where_there_is_no_terminal() -> None:
    _, line = table_lines(COLUMNS, [("r" * 40, "n" * 100, "7", Cell("0.9", "red"))], None)
    assert line.split() == ["r" * 40, "n" * 100, "7", "0.9"]


def test_colour_takes_no_place() -> None:
    rows = [("run", "name", "7", Cell("0.9", "red"))]
    plain = list(table_lines(COLUMNS, rows, 80))
    coloured = list(table_lines(COLUMNS, rows, 80, use_colour=True))
    assert "\x1b[31m0.9\x1b[0m" in coloured[1]
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in coloured] == plain


def test_a_terminal_may_refuse_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        assert wants_colour()
        monkeypatch.setenv(name, value)
        assert not wants_colour()


def test_a_shortened_text_says_so_in_every_encoding() -> None:
    assert shorten("sentiment", 9) == "sentiment"
    assert shorten("sentiments", 9) == "sentimen…"
    assert shorten("名前名前", 6) == "名前…"
    with patch("flows.commands.fitted_table.fits_encoding", return_value=False):
        assert shorten("sentiments", 9) == "sentimen~"
