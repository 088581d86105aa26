"""Measure ``reviewflow run`` on the default configuration.

There are eight variants with 20 epochs each. *First run after installing* starts without artifacts
and without compiled code, *everything* without artifacts. *One variant added* follows it. The
seconds are all that a person waits for, the start and end of Prefect's server included. The memory
is that of the command's processes without that server.
"""

import shutil
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measuring import ROOT, Figures, command_figures, of, report_progress
from benchmarks.table import Row
from benchmarks.workspace import Workspace
from reviewflow.config.loading import read_yaml

CONFIG = ROOT / "configs" / "imdb.yaml"
ADDED = {"relu rate 0.05": {"train.learning_rate": 0.05}}
FIRST, EVERYTHING = "first run after installing", "everything"
ONE_MORE = "one variant added"


def rows(space: Workspace) -> list[Row]:
    """Measure seconds and peak memory of each of the runs."""
    runs = []
    for number in range(space.runs):
        report_progress(f"run {number + 1} of {space.runs}")
        runs.append(runs_in_turn(space, space.folder / "whole_run"))
    found = []
    for name in (FIRST, EVERYTHING, ONE_MORE):
        seconds = of("seconds", [run[name] for run in runs])
        if name == ONE_MORE:
            whole = of("seconds", [run[EVERYTHING] for run in runs])
            found.append(Row(f"run, {name}: time", "s", seconds, f"run, {EVERYTHING}", whole))
        else:
            found.append(Row(f"run, {name}: time", "s", seconds))
        memory = of("megabytes", [run[name] for run in runs])
        found.append(Row(f"run, {name}: peak memory", "MB", memory))
    return found


def runs_in_turn(space: Workspace, folder: Path) -> dict[str, Figures]:
    """Measure one run after the other, by name, and remove the folder."""
    config = write_config(space, folder)
    compiled = {"NUMBA_CACHE_DIR": str(folder / "compiled")}

    def figures(name: str, artifacts: str) -> Figures:
        report_progress(name)
        return command_figures(run_arguments(config, folder / artifacts), **compiled)

    found = {FIRST: figures(FIRST, "first")}
    found[EVERYTHING] = figures(EVERYTHING, "artifacts")
    write_config(space, folder, ADDED)
    found[ONE_MORE] = figures(ONE_MORE, "artifacts")
    shutil.rmtree(folder)
    return found


def run_arguments(config: Path, artifacts: Path) -> list[str]:
    """Return the arguments of ``reviewflow``."""
    return ["run", "--config", str(config), "--artifacts", str(artifacts)]


def write_config(
    space: Workspace, folder: Path, added: dict[str, Any] | None = None, epochs: int | None = None
) -> Path:
    """Write the default configuration for the prepared reviews.

    Quick benchmarks train for one epoch.
    """
    content = read_yaml(CONFIG)
    content["ingest"]["path"] = str(space.reviews_path)
    content["variants"] |= added or {}
    content["train"]["epochs"] = 1 if space.quick else epochs or content["train"]["epochs"]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CONFIG.name
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
