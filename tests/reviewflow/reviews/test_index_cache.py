"""The cache of the index: used while everything stays the same, and rebuilt when damaged."""

import json
import time
from pathlib import Path

import pyarrow as pa
import pytest

from reviewflow.config.sections import Ingest
from reviewflow.reviews.chunking import text_hashes
from reviewflow.reviews.column_digests import table_digests
from reviewflow.reviews.index_cache import cache_key, find_cached, last_cached
from reviewflow.reviews.input_files import input_files
from reviewflow.reviews.parts import Index
from reviewflow.reviews.source import open_source
from tests.reviewflow.reviews.review_files import numbered, settings_for


def wait_until_settled(ingest: Ingest) -> None:
    """A file is not cached while its time stamp may still miss the next change."""
    changed = Path(ingest.path).stat().st_ctime_ns
    while time.time_ns() - changed < 60_000_000:
        pass


@pytest.fixture
def ingest(tmp_path) -> Ingest:
    """Settings of 50 rows that are cached."""
    settings = settings_for(tmp_path / "reviews.csv", numbered(50))
    wait_until_settled(settings)
    return settings


@pytest.fixture
def caches(tmp_path) -> Path:
    return tmp_path / "caches"


def key_of(ingest: Ingest) -> str:
    (file, *_) = input_files(ingest)
    return cache_key("parts", ingest, file)


def index_of(ingest: Ingest, caches: Path) -> Index:
    return open_source(ingest, None, caches).index


def test_the_index_is_read_from_the_cache_while_everything_stays_the_same(ingest, caches):
    first = index_of(ingest, caches)
    assert not open_source(ingest, None, caches).kept_parts
    assert index_of(ingest, caches) == first
    renamed = ingest.model_copy(update={"labels": {"bad": 1, "good": 0}})
    assert index_of(renamed, caches).parts[0].digests != first.parts[0].digests
    changed = settings_for(Path(ingest.path), numbered(51))
    assert index_of(changed, caches).rows == 51


@pytest.mark.parametrize("name", sorted(Ingest.model_fields))
def test_every_setting_of_ingest_counts(ingest, tmp_path, name):
    """Settings come from the model itself, so that a new one cannot be forgotten."""
    other = settings_for(tmp_path / "other.csv", numbered(50))
    values = {"path": other.path, "test_path": other.path, "labels": {"good": 1}, "quoting": False}
    changed = ingest.model_copy(update={name: values.get(name, "another")})
    keys, before = (
        {cache_key("parts", settings, file) for file in input_files(settings)}
        for settings in (changed, ingest)
    )
    assert keys > before if name == "test_path" else not keys & before


def test_a_damaged_cache_is_not_used_wherever_the_damage_is(ingest, caches):
    first = index_of(ingest, caches)
    (path,) = caches.iterdir()
    whole = path.read_bytes()
    key = key_of(ingest)
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        cut = (whole[:place], whole[place + 1 :]) if place % 16 == 0 else ()
        for content in (bytes(damaged), *cut):
            path.write_bytes(content)
            assert find_cached(caches, key) is None
            assert last_cached(caches, key) is None
    path.write_bytes(whole.replace(b'"rows":50', b'"rows":51'))
    assert index_of(ingest, caches) == first
    assert path.read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\n\xff\n", b"[]\n[]\n[]", b"[" * 100_000])
def test_a_foreign_file_in_place_of_the_cache_is_replaced(ingest, caches, content):
    first = index_of(ingest, caches)
    (path,) = caches.iterdir()
    whole = path.read_bytes()
    path.write_bytes(content)
    assert index_of(ingest, caches) == first
    assert path.read_bytes() == whole


def test_a_cache_of_the_layout_before_is_replaced(ingest, caches):
    """Before 0.2 the key came first, and the digest did not cover it."""
    first = index_of(ingest, caches)
    (path,) = caches.iterdir()
    digest, key, index = path.read_bytes().split(b"\n", 2)
    path.write_bytes(b"\n".join([key, digest, index]))
    assert index_of(ingest, caches) == first


def test_other_code_does_not_use_the_cache(ingest, caches):
    index_of(ingest, caches)
    stamp, choice, code, arrow = json.loads(key_of(ingest))
    for key in ([stamp, choice, "other", arrow], [stamp, choice, code, "0"]):
        assert find_cached(caches, json.dumps(key)) is None
        assert last_cached(caches, json.dumps(key)) is None


def test_a_file_that_is_still_young_is_read_again(tmp_path, caches):
    for number in range(20):
        ingest = settings_for(tmp_path / "reviews.csv", [(f"text {number:02}", "good")])
        (part,) = index_of(ingest, caches).parts
        hashed = text_hashes(pa.chunked_array([[f"text {number:02}"]]))
        table = pa.table({"text": pa.array([f"text {number:02}"])})
        assert part.digests["text"] == table_digests(table, hashed)["text"]


def test_a_folder_that_cannot_be_written_costs_the_cache_only(ingest, tmp_path):
    (tmp_path / "blocked").write_text("a file where a folder should be")
    assert index_of(ingest, tmp_path / "blocked" / "caches").rows == 50
