"""The source of rows: which are kept, which are read again, and files that change meanwhile."""

import os
import pickle
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from reviewflow.config.sections import Ingest
from reviewflow.errors import InputError
from reviewflow.reviews import source as source_module
from reviewflow.reviews.parts import Index, PartInfo, cut, cut_file
from reviewflow.reviews.source import ReviewSource, open_source
from tests.reviewflow.reviews.review_files import numbered, settings_for
from tests.reviewflow.reviews.test_index_cache import wait_until_settled

ROOT = Path(__file__).parents[3]
MANY = numbered(40_000)
PARTS = 8
LAST = PARTS - 1


@pytest.fixture(scope="module")
def pieces(tmp_path_factory) -> list[tuple[PartInfo, pa.Table]]:
    """The parts of 40,000 rows."""
    found = list(cut(settings_for(tmp_path_factory.mktemp("rows") / "reviews.csv", MANY), None))
    assert len(found) == PARTS
    return found


@pytest.fixture
def ingest(tmp_path) -> Ingest:
    return settings_for(tmp_path / "reviews.csv", MANY)


@pytest.fixture
def passes(monkeypatch) -> list[int]:
    """How many parts each pass over the files has given."""
    counts: list[int] = []

    def counted(*settings):
        counts.append(0)
        for piece in cut_file(*settings):
            counts[-1] += 1
            yield piece

    monkeypatch.setattr(source_module, "cut_file", counted)
    return counts


def index_of(pieces: list[tuple[PartInfo, pa.Table]]) -> Index:
    return Index(tuple(part for part, _ in pieces))


def test_ascending_parts_are_read_in_one_pass(ingest, pieces, passes):
    source = ReviewSource(ingest, None, index_of(pieces))
    for number, (part, rows) in enumerate(pieces):
        assert source.rows(number).equals(rows)
        assert source.digests(number) == part.digests
    assert passes == [PARTS]


def test_a_part_is_read_without_those_behind_it(ingest, pieces, passes):
    source = ReviewSource(ingest, None, index_of(pieces))
    assert source.rows(1).equals(pieces[1][1])
    assert passes == [2]


def test_parts_are_given_in_any_order(ingest, pieces):
    source = ReviewSource(ingest, None, index_of(pieces))
    draw = random.Random(0)
    for _ in range(15):
        number = draw.randrange(PARTS)
        assert source.rows(number).equals(pieces[number][1])


def test_neighbours_in_the_wrong_order_cost_one_pass(ingest, pieces, passes):
    source = ReviewSource(ingest, None, index_of(pieces))
    for number in (1, 0, 3, 2, 5, 4, 7, 6):
        assert source.rows(number).equals(pieces[number][1])
    assert passes == [PARTS]


def test_passed_parts_do_not_fill_the_memory(ingest, pieces, passes, monkeypatch):
    monkeypatch.setattr(source_module, "PASSED_BYTES", 0)
    source = ReviewSource(ingest, None, index_of(pieces))
    for number in (1, 0):
        assert source.rows(number).equals(pieces[number][1])
    assert passes == [2, 1]


def test_threads_share_a_source(ingest, pieces):
    source = ReviewSource(ingest, None, index_of(pieces))
    numbers = [*range(PARTS)] * 3
    with ThreadPoolExecutor(4) as pool:
        tables = list(pool.map(source.rows, numbers))
    pairs = zip(numbers, tables, strict=True)
    assert all(table.equals(pieces[number][1]) for number, table in pairs)


def test_another_process_reads_the_rows_itself(ingest, pieces, tmp_path):
    source = ReviewSource(ingest, None, index_of(pieces), {2: pieces[2][1]})
    source.rows(1)
    pickled = pickle.dumps(source)
    assert len(pickled) < 20_000
    code = (
        "import pickle, sys; source = pickle.load(sys.stdin.buffer);"
        "print(source.kept_parts, [source.rows(n).num_rows for n in (2, 0)],"
        "source.rows(2).column('text')[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickled,
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    lengths = [pieces[number][1].num_rows for number in (2, 0)]
    first = pieces[2][1].column("text")[0]
    assert done.stdout.decode().strip() == f"() {lengths} {first}"


def test_there_are_no_parts_beyond_the_index(ingest, pieces):
    source = ReviewSource(ingest, None, index_of(pieces))
    for number in (-1, PARTS):
        with pytest.raises(IndexError, match="of 8 parts"):
            source.rows(number)


@pytest.mark.parametrize(
    ("rows", "fails_at"),
    [
        (MANY[:-1], LAST),
        ([*MANY, ("one more", "good")], LAST),
        ([("edited", "good"), *MANY[1:]], 0),
        (MANY[:5_000], 1),
        ([(text, "good") for text, _ in MANY], 0),
    ],
)
def test_a_file_that_changed_meanwhile_is_an_error(ingest, pieces, rows, fails_at):
    source = ReviewSource(ingest, None, index_of(pieces))
    settings_for(Path(ingest.path), rows)
    for number in range(fails_at):
        assert source.rows(number).equals(pieces[number][1])
    with pytest.raises(InputError, match="changed while it was read; run again"):
        source.rows(fails_at)
    settings_for(Path(ingest.path), MANY)  # as it was: the next pass is right again
    assert source.rows(fails_at).equals(pieces[fails_at][1])


@pytest.mark.parametrize("change", [1, -1])
def test_another_number_of_parts_is_an_error_at_the_last(ingest, pieces, change):
    """Parts may be equal as far as they go, and the file may still hold more or fewer of them."""
    index = index_of(pieces)
    parts = index.parts[:-1] if change < 0 else (*index.parts, index.parts[-1])
    source = ReviewSource(ingest, None, Index(parts))
    for number in range(len(parts) - 1):
        source.rows(number)
    with pytest.raises(InputError, match="changed while it was read"):
        source.rows(len(parts) - 1)


def test_a_file_that_is_gone_is_an_error_until_it_is_back(ingest, pieces):
    source = ReviewSource(ingest, None, index_of(pieces))
    Path(ingest.path).unlink()
    with pytest.raises(InputError, match="There is no file"):
        source.rows(0)
    settings_for(Path(ingest.path), MANY)
    assert source.rows(0).equals(pieces[0][1])


def test_rows_in_memory_are_given_once_and_then_read(ingest, pieces, passes):
    source = ReviewSource(ingest, None, index_of(pieces), {1: pieces[1][1]})
    assert source.kept_parts == (1,)
    assert source.rows(1) is pieces[1][1]
    assert (source.kept_parts, passes) == ((), [])
    assert source.rows(1).equals(pieces[1][1])
    assert passes == [2]


def test_a_closed_source_has_no_rows_in_memory_and_reads_again(ingest, pieces, passes):
    source = ReviewSource(ingest, None, index_of(pieces), {3: pieces[3][1]})
    source.rows(1)
    source.close()
    assert source.kept_parts == ()
    assert source.rows(0).equals(pieces[0][1])
    assert passes == [2, 1]


def test_rows_of_new_parts_are_kept_and_no_others(tmp_path, ingest, monkeypatch):
    caches = tmp_path / "caches"
    wait_until_settled(ingest)
    first = open_source(ingest, None, caches)
    assert first.kept_parts == tuple(range(PARTS))
    assert not open_source(ingest, None, caches).kept_parts

    settings_for(tmp_path / "reviews.csv", [*MANY, ("one more", "good")])
    second = open_source(ingest, None, caches)
    assert second.kept_parts == (len(second.index.parts) - 1,)
    expected = list(cut(ingest, None))
    for number in second.kept_parts:
        assert second.rows(number).equals(expected[number][1])

    monkeypatch.setattr(source_module, "KEPT_BYTES", 100)
    settings_for(tmp_path / "reviews.csv", [*MANY, ("and another", "good")])
    assert not open_source(ingest, None, tmp_path / "elsewhere").kept_parts
