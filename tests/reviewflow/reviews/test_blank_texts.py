"""Blank texts, against Arrow's own trimming."""

import sys

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.reviews.blank_texts import blank_texts

CHARACTERS = st.characters(exclude_categories=["Cs"]) | st.sampled_from(
    " \t\n\x0b\x1c\x85\xa0\u3000x"
)
TEXTS = st.lists(st.none() | st.text(CHARACTERS, max_size=4), max_size=12)


def blank_for_arrow(texts: pa.StringArray) -> list[bool]:
    trimmed = pc.binary_length(pc.utf8_trim_whitespace(texts))
    return pc.fill_null(pc.equal(trimmed, 0), True).to_pylist()


def test_every_character_alone_is_blank_where_arrow_calls_it_white_space() -> None:
    characters = [chr(n) for n in range(sys.maxunicode + 1) if not 0xD800 <= n <= 0xDFFF]
    texts = pa.array(characters, pa.string())
    assert blank_texts(texts).tolist() == blank_for_arrow(texts)


@given(TEXTS, st.integers(0, 3))
def test_blank_texts_are_those_that_arrow_trims_to_nothing(
    texts: list[str | None], start: int
) -> None:
    array = pa.array(texts, pa.string())[start:]
    assert blank_texts(array).tolist() == blank_for_arrow(array)
