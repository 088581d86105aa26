"""The store's artifacts are listed in the order of the stages."""

from pathlib import Path

from reviewflow.store.catalog import entries
from tests.reviewflow.small_store import key_of, make_artifact


def test_entries_come_in_the_order_asked_for_and_the_newest_first(tmp_path: Path) -> None:
    for number, stage in enumerate(["train", "ingest", "beside", "train", "above"]):
        make_artifact(tmp_path, stage, number, age_seconds=1000 - number)
    found = entries(tmp_path / "store", ["suites", "ingest", "train"])
    assert [(entry.stage, entry.key) for entry in found] == [
        ("ingest", key_of(1)),
        ("train", key_of(3)),
        ("train", key_of(0)),
        ("above", key_of(4)),
        ("beside", key_of(2)),
    ]
    assert [entry.stage for entry in entries(tmp_path / "store")][:2] == ["above", "beside"]
    assert entries(tmp_path / "nowhere") == []
