"""``kill -9`` at random moments of a run: what was finished stays, the next run goes on from it."""

import random
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Driver, Undisturbed, complete_steps, temporary_folders

KILLS = 30
QUICK = 2


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=[pytest.mark.slow] if number >= QUICK else [])
        for number in range(KILLS)
    ],
)
def test_a_killed_run_is_resumed(
    number: int, driver: Driver, job: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    # each kill has its own thirtieth of the run; the quick ones are spread over all of it
    place = (number * KILLS // QUICK + number // QUICK) % KILLS
    moment = (place + random.Random(number).random()) / KILLS * undisturbed.seconds
    artifacts = killed(driver, job, tmp_path, moment)
    kept = complete_steps(artifacts)  # an artifact with a name is whole, whatever the moment
    interrupted = temporary_folders(artifacts)
    before = {step: made_at(artifacts, step) for step in kept}

    again = driver.run(job, artifacts)

    assert again.error is None
    assert again.files == undisturbed.answer.files
    assert again.ran == undisturbed.made - kept
    assert {step: made_at(artifacts, step) for step in kept} == before
    assert {name.rsplit("-", 1)[0] for name in interrupted} <= {"-".join(s) for s in again.ran}
    assert temporary_folders(artifacts) == []
    assert complete_steps(artifacts) == undisturbed.made
    assert driver.run(job, artifacts).ran == set()


def killed(driver: Driver, job: Path, folder: Path, moment: float) -> Path:
    """Artifacts of a run killed so many seconds after its start, or sooner if it was quicker."""
    for attempt in range(5):
        run = driver.start(job, folder / f"artifacts-{attempt}")
        time.sleep(moment / 2**attempt)
        if run.alive:
            run.kill()
        if not run.path.exists():
            return run.artifacts
    raise AssertionError("the run was always quicker than its killer")


def made_at(artifacts: Path, step: tuple[str, str]) -> tuple[int, int]:
    """Which manifest a step has: it must not be written a second time."""
    status = artifacts.joinpath("store", *step, "manifest.json").stat()
    return status.st_ino, status.st_mtime_ns
