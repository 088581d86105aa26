"""The same bytes, whatever the number of threads, the place, and what happened on the way."""

from pathlib import Path

import pytest

from tests.conftest import Reviews, small_config, write_config, write_reviews
from tests.faults.conftest import Driver, Undisturbed

THREADED = ("OMP", "OPENBLAS", "MKL", "NUMBA")
MANY_THREADS = {f"{library}_NUM_THREADS": "4" for library in THREADED}


@pytest.mark.slow
def test_threads_folders_and_working_directory_change_no_byte(
    job: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """The undisturbed run had one thread everywhere, and another process."""
    elsewhere = tmp_path / "another place"
    elsewhere.mkdir()
    (elsewhere / "there.yaml").write_bytes(job.read_bytes())
    driver = Driver(
        elsewhere, environment={**MANY_THREADS, "PYTHONHASHSEED": "4", "TZ": "Asia/Tokyo"}
    )
    try:
        assert driver.read_line() == "ready\n"
        answer = driver.run(Path("there.yaml"), Path("results"), threads=4)
    finally:
        driver.end()
    assert answer.error is None
    assert answer.files == undisturbed.answer.files
    assert answer.ran == undisturbed.made


@pytest.mark.slow
def test_parts_side_by_side_change_no_byte(driver: Driver, imdb: Reviews, tmp_path: Path) -> None:
    """12,000 reviews make a part or two more."""
    rows = list(dict.fromkeys(imdb))
    path = write_reviews(tmp_path / "reviews.csv", rows)
    job = write_config(tmp_path / "parts.yaml", small_config(path))
    one = driver.run(job, tmp_path / "one", threads=1)
    four = driver.run(job, tmp_path / "four", threads=4)
    assert one.error is four.error is None
    assert len({o["part"] for o in one.outcomes}) > 2  # some parts, and the stages without any
    assert one.files == four.files
