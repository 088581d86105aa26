"""What is known of the input before a row is read."""

import os
from pathlib import Path

from reviewflow.config.sections import Ingest
from reviewflow.reviews.input_stamp import input_stamp


def test_size_and_time_of_all_files(tmp_path: Path) -> None:
    for number, name in enumerate(("a.csv", "b.csv")):
        (tmp_path / name).write_bytes(bytes(10 + number))
        os.utime(tmp_path / name, (1_900_000_000 + number,) * 2)
    both = {"files": 2, "bytes": 21, "modified": "2030-03-17T17:46:41.000+00:00"}
    assert input_stamp(Ingest(path=str(tmp_path))) == both
    assert input_stamp(Ingest(path=str(tmp_path / "*.csv"))) == both
    pair = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    assert input_stamp(Ingest(path=pair)) == both
    assert input_stamp(Ingest(path=pair[0], test_path=pair[1])) == both


def test_what_is_not_there_and_urls_count_as_nothing(tmp_path: Path) -> None:
    nothing = {"files": 0, "bytes": 0, "modified": None}
    for path in (tmp_path / "gone.csv", tmp_path, tmp_path / "*.csv", "https://example.org/a.csv"):
        assert input_stamp(Ingest(path=str(path))) == nothing
