"""The script ``reviewflow`` beside other people's modules."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reviewflow_command import PACKAGES, foreign_module
from tests.conftest import ROOT


def started(*folders: Path) -> subprocess.CompletedProcess[str]:
    """``reviewflow --version`` where Python looks for modules in these folders first."""
    path = os.pathsep.join(map(str, (*folders, ROOT)))
    return subprocess.run(
        [sys.executable, "-c", "from reviewflow_command import main; main()", "--version"],
        env={**os.environ, "PYTHONPATH": path},
        cwd="/",
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("name", ["flows.py", "tasks.py", "reviewflow.py", "tasks/__init__.py"])
def test_a_module_that_hides_a_package_is_named(name: str, tmp_path: Path) -> None:
    module = tmp_path / name
    module.parent.mkdir(exist_ok=True)
    module.write_text("raise SystemExit('imported')")
    done = started(tmp_path)
    hidden = tmp_path / name.removesuffix("/__init__.py")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"Error: {hidden} hides reviewflow's package {hidden.stem}; rename it, or take its folder "
        "out of PYTHONPATH and away from the command.\n"
    )


def test_a_folder_without_modules_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    done = started(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_its_own_packages_are_not_foreign() -> None:
    assert [foreign_module(name) for name in PACKAGES] == [None, None, None]
