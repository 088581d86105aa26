"""Run the moons flow: a network in NumPy learns two moons."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import flow

from flows.base import RUNNER, FlowRun, changed_stages, stoppable
from flows.parameters import Options, file_config
from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.moons_summary import PAGE_FILE, moons_summary, results, writable_folder
from reviewflow.moons.config import MoonsConfig, read_moons_config
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.opening import open_planner
from reviewflow.pipeline.planner import Planner
from reviewflow.store.files import write_atomically
from tasks.moons import train_moons
from tasks.notify import send_crash_alert
from tasks.stage import StageTask, moons_stage

TASKS: Mapping[str, StageTask] = {
    "points": moons_stage,
    "train whole set": train_moons,
    "train point by point": train_moons,
    "check on fresh points": moons_stage,
    "try learning rates": moons_stage,
    "try initial weights": moons_stage,
    "pictures": moons_stage,
    "page": moons_stage,
}


@flow(
    name="moons",
    task_runner=RUNNER,
    on_crashed=[send_crash_alert],
)
@stoppable
def moons(
    config: str = "configs/moons.yaml", output: str | None = None, options: Options = Options()
) -> str:
    """Train a NumPy network on two moons, and show what it does and why.

    Returns the path of the page.

    Args:
        config: A configuration file
        output: Where to put pictures, loss lines and the page; by default the run's own folder
    """
    settings = file_config(read_moons_config, config, options.changes)
    with Moons(Path(config).stem, settings, options, config, output) as run:
        run.submit(TASKS)
        run.wait()
    return str(run.page)


class Moons(FlowRun):
    """One run of the moons flow."""

    def __init__(
        self, name: str, config: MoonsConfig, options: Options, config_path: str, output: str | None
    ) -> None:
        self.config, self.name = config, name
        self.output = writable_folder(Path(output)) if output else None
        super().__init__(MOONS, name, config, options, config_path)

    @property
    def page(self) -> Path:
        """The path of the page."""
        return (self.output or self.record.folder) / PAGE_FILE

    def open(self, last_run: LastRun) -> Planner:
        """Return the planner of the job."""
        options = self.options
        return open_planner(
            MOONS,
            self.config,
            self.artifacts,
            last_run,
            refresh=options.refresh,
            verify=options.verify,
            url=self.storage_url,
        )

    def title(self) -> str:
        """Return ``moons · 2,000 points · no changed stages``."""
        return f"{self.name} · {self.config.data.points:,} points · {changed_stages(self.run)}"

    def facts(self) -> dict[str, Any]:
        """Return stages, and how both versions did."""
        return moons_summary(self.run, self.config, self.page)

    def write_pages(self, content: dict[str, Any]) -> dict[str, Path]:
        """Copy what a person looks at into one folder, as far as it was made."""
        for path, name in results(self.run):
            write_atomically(self.page.parent / name, path.read_bytes())
        return {"Page": self.page} if self.page.exists() else {}
