"""The moons flow: a network in NumPy on scikit-learn's two moons, from the points to a page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.base import OneRun, changed_stages, stoppable
from flows.parameters import Options, file_config
from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.moons_summary import PAGE_FILE, moons_summary, results, writable_folder
from reviewflow.jobs.open_moons import open_small_planner
from reviewflow.moons.config import MoonsConfig, read_moons_config
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.runner import Run
from reviewflow.processors import processors
from reviewflow.store.files import write_atomically
from tasks.moons import moons_stage, train_moons
from tasks.notify import tell_of_crash


@flow(
    name="moons",
    task_runner=ThreadPoolTaskRunner(max_workers=processors()),
    on_crashed=[tell_of_crash],
)
@stoppable
def moons(
    config: str = "configs/moons.yaml", output: str | None = None, options: Options = Options()
) -> str:
    """Train a network written in NumPy on two moons, and show what it does and why.

    Returns the path of the page.

    Args:
        config: A configuration file
        output: Where to put pictures, loss lines and the page; by default the run's own folder
    """
    settings = file_config(read_moons_config, config, options.changes)
    with Moons(settings, Path(config).stem, options, output) as job:
        job.submit(moons_stage, "points")
        job.submit(train_moons, "train whole set", "train point by point")
        job.submit(moons_stage, "check on fresh points", "try learning rates")
        job.submit(moons_stage, "try initial weights", "pictures", "page")
        job.wait()
    return str(job.page)


class Moons(OneRun):
    """One run of the moons flow."""

    def __init__(
        self, config: MoonsConfig, name: str, options: Options, output: str | None
    ) -> None:
        self.config, self.name = config, name
        self.output = writable_folder(Path(output)) if output else None
        super().__init__("moons", name, config, options)

    def __enter__(self) -> "Moons":
        return self

    @property
    def page(self) -> Path:
        """Where the page lies."""
        return (self.output or self.record.folder) / PAGE_FILE

    def open(self, previous: LastRun) -> Run:
        """Lay the job out."""
        ask = self.options
        planner = open_small_planner(
            MOONS, self.config, self.artifacts, previous, ask.refresh, ask.verify
        )
        return Run(planner, self.listener, self.pool, recheck=ask.recheck)

    def title(self) -> str:
        """``moons · 2,000 points · no changed stages``."""
        return f"{self.name} · {self.config.data.points:,} points · {changed_stages(self.run)}"

    def facts(self) -> dict[str, Any]:
        """Stages, and how both versions did."""
        return moons_summary(self.run, self.config, self.page)

    def write_pages(self, content: Mapping[str, Any]) -> dict[str, Path]:
        """Copy everything that a person looks at into one folder, as far as it was made."""
        for path, name in results(self.run):
            write_atomically(self.page.parent / name, path.read_bytes())
        return {"Page": self.page} if self.page.exists() else {}
