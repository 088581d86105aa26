"""The moons flow: a network in NumPy on scikit-learn's two moons, from the points to a page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.one_run import OneRun, Options, changed_stages
from reviewflow.moons.config import MoonsConfig, read_moons_config
from reviewflow.moons.job import MOONS
from reviewflow.moons.results import PAGE_FILE, moons_summary, results, writable_folder
from reviewflow.plan import Previous
from reviewflow.processors import processors
from reviewflow.run import Run, open_small_ledger
from reviewflow.store import write_whole
from tasks.moons import moons_stage, train_moons


@flow(name="moons", task_runner=ThreadPoolTaskRunner(max_workers=processors()))
def moons(
    config: str = "configs/moons.yaml",
    changes: list[str] | None = None,
    refresh: list[str] | None = None,
    verify: bool = False,
    recheck: bool = False,
    artifacts: str = "artifacts",
    output: str | None = None,
) -> str:
    """Train a network written in NumPy on two moons, and show what it does and why.

    Pictures, loss lines and the page are put into the folder ``output``, by default the run's own.
    Returns the path of the page.
    """
    settings = read_moons_config(Path(config), tuple(changes or ()))
    options = Options(tuple(refresh or ()), verify, recheck)
    with Moons(settings, Path(config).stem, Path(artifacts), options, output) as job:
        job.submit(moons_stage, "points")
        job.submit(train_moons, "train whole set", "train point by point")
        job.submit(moons_stage, "check on fresh points", "try learning rates")
        job.submit(moons_stage, "try initial weights", "pictures", "page")
        job.wait()
    return str(job.page)


class Moons(OneRun):
    """One run of the moons flow."""

    def __init__(
        self, config: MoonsConfig, name: str, artifacts: Path, options: Options, output: str | None
    ) -> None:
        self.config, self.name = config, name
        self.output = writable_folder(Path(output)) if output else None
        super().__init__("moons", name, config, artifacts, options)

    def __enter__(self) -> "Moons":
        return self

    @property
    def page(self) -> Path:
        """Where the page lies."""
        return (self.output or self.record.folder) / PAGE_FILE

    def open(self, previous: Previous) -> Run:
        """Lay the job out."""
        refresh, verify, recheck = self.options
        ledger = open_small_ledger(MOONS, self.config, self.artifacts, previous, refresh, verify)
        return Run(ledger, self.listener, self.pool, recheck=recheck)

    def title(self) -> str:
        """``moons · 2,000 points · no changed stages``."""
        return f"{self.name} · {self.config.data.points:,} points · {changed_stages(self.run)}"

    def facts(self) -> dict[str, Any]:
        """Stages, and how both versions did."""
        return moons_summary(self.run, self.config, self.page)

    def write_pages(self, content: Mapping[str, Any]) -> None:
        """Copy everything that a person looks at into one folder, as far as it was made."""
        for path, name in results(self.run):
            write_whole(self.page.parent / name, path.read_bytes())
