"""Run the two moons' job once, with few points and epochs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reviewflow.jobs.moons import MOONS
from reviewflow.moons.config import MoonsConfig
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.opening import open_planner
from reviewflow.pipeline.reasons import reason_text
from reviewflow.pipeline.runner import Listener, Run

SMALL = MoonsConfig.model_validate(
    {
        "data": {"points": 200, "fresh_points": 100},
        "whole_set": {"epochs": 30},
        "point_by_point": {"epochs": 3},
        "sensitivity": {"learning_rates": (0.5, 4, 16), "seeds": 2},
        "initial_weights": {"epochs": 150},
    }
)


def run_job(root: Path, config: MoonsConfig) -> dict[str, Path]:
    """Return the folder of each stage, by the stage's name."""
    planner = open_planner(MOONS, config, root, LastRun({}, {}))
    with ThreadPoolExecutor(2) as pool:
        run = Run(planner, Listener(), pool)
        for stage in MOONS.stages:
            for work in run.task_groups(stage.group):
                run.perform(work)
    for outcome in run.outcomes:
        assert outcome.reason == reason_text(outcome.reasons)
    return {step.node.stage.name: artifact.folder for step, artifact in run.artifacts.items()}


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return run_job(tmp_path_factory.mktemp("moons"), SMALL)


@pytest.fixture(scope="session")
def run() -> Callable[[Path, MoonsConfig], dict[str, Path]]:
    return run_job
