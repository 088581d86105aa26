"""Digests of columns depend on values, and not on how Arrow keeps them."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from reviewflow.reviews.chunking import text_hashes
from reviewflow.reviews.column_digests import table_digests
from tests.reviewflow.reviews.review_files import QUICK


@QUICK
@given(
    texts=st.lists(st.none() | st.text(max_size=5), min_size=1, max_size=30),
    cuts=st.lists(st.integers(0, 30)),
)
def test_digests_see_values_and_not_how_they_lie_in_memory(texts, cuts):
    table = pa.table({"text": pa.array(texts, pa.string())})
    bounds = sorted({0, len(texts), *(place for place in cuts if place < len(texts))})
    pieces = [
        pa.table({"text": pa.array(["pad", *texts[start:end]], pa.string())}).slice(1)
        for start, end in pairwise(bounds)
    ]
    chunked = pa.concat_tables(pieces)
    hashes = text_hashes(table.column("text"))
    assert hashes.tolist() == [xxh3_64_intdigest((text or "").encode()) for text in texts]
    assert table_digests(chunked, text_hashes(chunked.column("text"))) == table_digests(
        table, hashes
    )


def test_digests_tell_apart_what_is_not_equal():
    cases = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["abc", None], [None, "abc"], []]
    columns = [pa.array(case, pa.string()) for case in cases]
    numbers = [pa.array(case, pa.int8()) for case in ([0], [None], [1], [0, 0], [])]
    found = [
        table_digests(pa.table({"x": column}), np.empty(0, np.uint64))["x"]
        for column in columns + numbers
    ]
    assert len(set(found)) == len(found)
