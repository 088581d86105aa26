"""A disk that fills up in the middle of a run: a small real one, that the runs alone see."""

import os
import shutil
from pathlib import Path

import pytest

from tests.faults.conftest import Driver, Undisturbed, complete_steps, temporary_folders

STAGES = ("ingest", "normalize", "validate_reviews", "features")


@pytest.fixture
def disk(driver: Driver) -> Path:
    """The disk as this process gets at it, empty."""
    if driver.disk is None:
        pytest.skip("a small disk cannot be mounted here (that needs root)")
    seen = Path(f"/proc/{driver.process.pid}/root{driver.disk}")
    for left in seen.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    return seen


def fill(disk: Path, free_bytes: int) -> Path:
    """Leave so much room on the disk; returns the file to delete to free the rest."""
    status = os.statvfs(disk)
    with (disk / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize - free_bytes)
    return disk / "ballast"


def size_of(folder: Path) -> int:
    """What a folder takes on a disk with pages of 4 KiB."""
    paths = [path for path in folder.rglob("*") if not path.is_symlink()]
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in paths if path.is_file())


@pytest.mark.parametrize(
    "share",
    [0.5, *(pytest.param(n / 10, marks=pytest.mark.slow) for n in (1, 2, 3, 4, 6, 7, 8, 9))],
)
def test_a_disk_that_fills_up_stops_the_run_and_the_next_goes_on(
    share: float, driver: Driver, job: Path, undisturbed: Undisturbed, disk: Path
) -> None:
    assert driver.disk is not None
    artifacts = disk / "artifacts"
    ballast = fill(disk, round(share * size_of(undisturbed.artifacts / "store")))

    failed = driver.run(job, driver.disk / "artifacts")
    assert_names_the_full_disk(failed.error, driver.disk / "artifacts" / "store")
    assert failed.exit_code == 1
    kept = complete_steps(artifacts)
    assert kept == failed.ran
    assert kept < undisturbed.made
    assert temporary_folders(artifacts) == []

    ballast.unlink()
    again = driver.run(job, driver.disk / "artifacts")
    assert again.error is None
    assert again.ran == undisturbed.made - kept
    assert again.files == undisturbed.answer.files
    assert complete_steps(artifacts) == undisturbed.made


@pytest.mark.parametrize(
    "stage",
    [
        "report",
        "train",
        *(pytest.param(stage, marks=pytest.mark.slow) for stage in STAGES),
    ],
)
def test_every_stage_says_so_plainly(
    stage: str, driver: Driver, job: Path, undisturbed: Undisturbed, disk: Path
) -> None:
    """Each writes through another library, with errors of its own."""
    assert driver.disk is not None
    shutil.copytree(undisturbed.artifacts, disk / "artifacts", symlinks=True)
    shutil.rmtree(disk / "artifacts" / "store" / stage)
    ballast = fill(disk, 8 * 1024)  # run.json fits in, the data does not

    failed = driver.run(job, driver.disk / "artifacts")
    assert_names_the_full_disk(failed.error, driver.disk / "artifacts" / "store")
    assert temporary_folders(disk / "artifacts") == []

    ballast.unlink()
    again = driver.run(job, driver.disk / "artifacts")
    assert again.error is None
    assert {name for name, _ in again.ran} == {stage}
    assert complete_steps(disk / "artifacts") == undisturbed.made


def assert_names_the_full_disk(error: str | None, store: Path) -> None:
    assert error is not None
    assert error.startswith(f"The artifacts folder {store} cannot be written (")
    assert "No space left on device" in error
    assert error.endswith("; free space or choose another with --artifacts.")
