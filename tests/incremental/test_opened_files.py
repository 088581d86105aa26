"""No stage opens a file that its key does not hold.

Every stage of both jobs runs once under an audit hook of Python, in a process of its own (see
``watched_jobs.py``).
"""

import json
import os
import subprocess
import sys
import sysconfig
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.text.wordnet import ARCHIVE
from tests.conftest import (
    ROOT,
    Reviews,
    small_config,
    with_every_stage,
    write_config,
    write_reviews,
)

SYSTEM = ("/proc", "/sys", "/dev")
RESOURCES = {stage.name: stage.resources for stage in SENTIMENT.stages + MOONS.stages}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("watched")


@pytest.fixture(scope="module")
def calls(reviews: Reviews, folder: Path) -> list[dict[str, Any]]:
    """Return what each call of a stage opened."""
    reviews_path = write_reviews(folder / "reviews.csv", reviews[:300])
    write_config(folder / "job.yaml", with_every_stage(small_config(reviews_path)))
    for name in ("temp", "home"):
        (folder / name).mkdir()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(folder / "temp"),
        "HOME": str(folder / "home"),
    }
    command = [sys.executable, "-m", "tests.incremental.watched_jobs"]
    done = subprocess.run(
        [*command, str(folder / "job.yaml"), str(folder)],
        env=environment,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "opened.json").read_text("utf-8"))


def allowed_places(call: dict[str, Any], folder: Path) -> Iterator[Path]:
    """Yield the files and folders that a stage may open."""
    yield from map(Path, SYSTEM)
    yield from {Path(path) for path in (sys.prefix, sys.base_prefix)}
    yield from map(Path, sysconfig.get_paths().values())
    yield from map(Path, zoneinfo.TZPATH)  # the operating system's, as Python is
    # Numba looks for extensions among all installed packages, of which the project is one.
    yield from ROOT.glob("*.egg-info")
    yield folder / "temp"
    yield from map(Path, call["own"])
    for resource in RESOURCES[call["stage"]]:
        yield ROOT / "reviewflow" / resource.path if resource.path else ARCHIVE


def is_code(path: Path) -> bool:
    """Tell whether a file is the project's source, or compiled from it."""
    return path.is_relative_to(ROOT / "reviewflow") and (
        path.suffix == ".py" or "__pycache__" in (path.name, path.parent.name)
    )


def files_in_no_key(call: dict[str, Any], folder: Path) -> set[str]:
    """Return the files that a stage opened and its key does not hold."""
    places = [place.resolve() for place in allowed_places(call, folder)]
    opened = {Path(path).resolve() for path in call["opened"]}
    return {
        str(path)
        for path in opened
        if not is_code(path) and not any(path.is_relative_to(place) for place in places)
    }


def test_no_stage_opens_what_its_key_does_not_hold(
    calls: list[dict[str, Any]], folder: Path
) -> None:
    found = {call["stage"]: files_in_no_key(call, folder) for call in calls}
    assert not {stage: files for stage, files in found.items() if files}


def test_every_stage_was_watched(calls: list[dict[str, Any]]) -> None:
    opened = {call["stage"]: call["opened"] for call in calls}
    assert opened.keys() == RESOURCES.keys()
    assert all(opened[stage] for stage in ("suites", "normalize", "train", "page"))


def test_a_file_that_no_key_holds_is_found(calls: list[dict[str, Any]], folder: Path) -> None:
    call = next(call for call in calls if call["stage"] == "split")
    extra = str(folder / "extra.txt")
    assert files_in_no_key(call | {"opened": [extra, *call["own"]]}, folder) == {extra}
