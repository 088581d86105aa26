"""Identical runs at once, from separate processes: all succeed, and no step is computed twice."""

import time
from pathlib import Path

import pytest

from tests.faults.conftest import (
    WAIT_SECONDS,
    Driver,
    Undisturbed,
    all_ran,
    complete_steps,
    temporary_folders,
)


@pytest.mark.parametrize("runs", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_identical_runs_at_once_share_the_work(
    runs: int, driver: Driver, job: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    artifacts = tmp_path / "artifacts"
    going = [driver.start(job, artifacts) for _ in range(runs)]
    answers = [run.answer() for run in going]
    assert [answer.error for answer in answers] == [None] * runs
    assert all(answer.files == undisturbed.answer.files for answer in answers)
    assert all_ran(answers) == dict.fromkeys(undisturbed.made, 1)
    assert complete_steps(artifacts) == undisturbed.made
    assert temporary_folders(artifacts) == []


@pytest.mark.parametrize("stage", ["features", pytest.param("train", marks=pytest.mark.slow)])
def test_who_waits_for_a_killed_run_goes_on_in_its_place(
    stage: str, driver: Driver, job: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    artifacts = undisturbed.copy(tmp_path)
    for folder in (artifacts / "store" / stage).iterdir():
        (folder / "manifest.json").unlink()
    first = driver.start(job, artifacts)
    deadline = time.monotonic() + WAIT_SECONDS
    while first.alive and time.monotonic() < deadline:
        if any(name.startswith(stage) for name in temporary_folders(artifacts)):
            break
    second = driver.start(job, artifacts)
    first.kill()
    assert not first.path.exists(), "the first run was quicker than its killer"
    answer = second.answer()
    assert answer.error is None
    assert answer.files == undisturbed.answer.files
    assert {name for name, _ in answer.ran} <= {stage}
    assert complete_steps(artifacts) == undisturbed.made
    assert temporary_folders(artifacts) == []
