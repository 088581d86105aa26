"""Do both jobs once, and record which files each stage opens.

    stage ─ called by the run ─▶ arguments: the folders and files that are its own
                 │
           audit hook of Python ─▶ every file that is opened meanwhile

Run as ``python -m tests.incremental.watched_jobs JOB.yaml FOLDER``. The calls of stages are written
to ``FOLDER/opened.json``. What
native code opens by itself (Arrow, safetensors) raises no audit event and is not seen.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from reviewflow.config.sentiment import read_config
from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.opening import open_planner
from reviewflow.pipeline.runner import Listener, Run
from reviewflow.pipeline.stage import Job, Stage
from tests.reviewflow.moons.conftest import SMALL


class Watch:
    """What was opened during the calls of stages.

    Attributes
    ----------
    calls : for each call the stage's name, its own paths, and the files that were opened.
    """

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.running: dict[str, Any] | None = None

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note a file that is opened. Python calls this for every event."""
        if event == "open" and self.running is not None and not isinstance(arguments[0], int):
            self.running["opened"].append(os.path.abspath(os.fsdecode(arguments[0])))

    def over(self, stage: Stage) -> None:
        """Put a watched function in the place of a stage's function."""
        module_name, _, name = stage.function.rpartition(".")
        module = import_module(module_name)
        setattr(module, name, self._wrap(stage, getattr(module, name)))

    def _wrap(self, stage: Stage, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def wrapper(**arguments: Any) -> Any:
            own = [str(path) for value in arguments.values() for path in _paths(value)]
            self.running = {"stage": stage.name, "own": own, "opened": []}
            self.calls.append(self.running)
            try:
                return function(**arguments)
            finally:
                self.running = None

        return wrapper


def _paths(value: Any) -> Iterator[Path]:
    """Yield the paths that an argument holds."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _paths(each)


def perform(run: Run, job: Job) -> None:
    """Do all steps of a run, one after another."""
    for title in job.groups:
        for group in run.task_groups(title):
            run.perform(group)


def main(sentiment: Path, folder: Path) -> None:
    """Do both jobs.

    Matplotlib lists the machine's fonts once, whatever is drawn. The fonts that charts use are
    watched.
    """
    import_module("matplotlib.font_manager")
    watch = Watch()
    for stage in SENTIMENT.stages + MOONS.stages:
        watch.over(stage)
    sys.addaudithook(watch.hear)
    config, nothing = read_config(sentiment), LastRun({}, {})
    with ThreadPoolExecutor(1) as pool:
        planner = open_sentiment(config, folder / "sentiment", nothing)
        perform(Run(planner, Listener(), pool), SENTIMENT)
        planner = open_planner(MOONS, SMALL, folder / "moons", nothing)
        perform(Run(planner, Listener(), pool), MOONS)
    (folder / "opened.json").write_text(json.dumps(watch.calls), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
