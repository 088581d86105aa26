"""A file of scores is there as a whole or not, and nobody's leftovers stay."""

import errno
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewflow.errors import StoreError
from reviewflow.scoring import output_file
from reviewflow.scoring.output_file import ScoreWriter, score_writer, write_whole

BATCH = pa.record_batch({"label": ["good", "bad"]})
NAMES = ["out.parquet", "out.csv"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_scores(path: Path, error: Exception | None = None) -> None:
    """Write two rows, and fail before the file has its name or not."""
    with score_writer(path, BATCH.schema) as writer:
        writer.write(BATCH)
        writer.finish()
        if error is not None:
            raise error
        writer.publish()


def test_what_a_killed_process_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    for left in (".out.csv.making-abc", ".other.parquet.making-x1", ".o.record.json.making-q"):
        (tmp_path / left).write_text("half")
    (tmp_path / ".mine").write_text("another's")
    write_scores(tmp_path / "out.csv")
    assert names(tmp_path) == [".mine", "out.csv"]


def test_what_others_are_writing_stays(tmp_path: Path) -> None:
    path = tmp_path / "one.parquet"
    with ExitStack() as stack:
        writers = [stack.enter_context(score_writer(path, BATCH.schema)) for _ in range(2)]
        write_scores(tmp_path / "other.csv")
        assert len(names(tmp_path)) == 3
        for writer in writers:
            writer.write(BATCH)
            writer.finish()
            writer.publish()
    assert names(tmp_path) == ["one.parquet", "other.csv"]
    assert pq.read_table(path).num_rows == 2


def test_a_file_that_is_removed_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, lock = [], output_file.fcntl.flock

    def remove_first(file: object, operation: int) -> None:
        for path in [] if made else list(tmp_path.iterdir()):
            made.append(path)
            path.unlink()
        lock(file, operation)  # type: ignore[arg-type]

    monkeypatch.setattr(output_file.fcntl, "flock", remove_first)
    write_whole(tmp_path / "some.json", "{}")
    assert len(made) == 1
    assert names(tmp_path) == ["some.json"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_of_a_body_that_fails(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("of before")
    with pytest.raises(ValueError, match="its own"):
        write_scores(tmp_path / name, ValueError("its own"))
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "of before"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_cannot_be_renamed_is_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(StoreError, match="The scores cannot be written to"):
        write_scores(tmp_path / name)
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / name, "text")
    assert names(tmp_path) == [name]


def test_a_disk_that_fills_up_at_the_end_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(output_file.os, "fsync", full)
    with pytest.raises(StoreError, match=r"\(No space left on device\); free space"):
        write_scores(tmp_path / "out.csv")
    assert names(tmp_path) == []


def test_a_writer_that_lives_keeps_its_file(tmp_path: Path) -> None:
    writer = ScoreWriter(tmp_path / "out.csv", BATCH.schema)
    output_file.remove_leftovers(tmp_path)
    assert len(names(tmp_path)) == 1
    writer.discard()
    assert names(tmp_path) == []
