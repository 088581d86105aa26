"""Run a job: ``reviewflow run | moons``."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os.path import exists, isfile
from pathlib import Path
from typing import Any

import click

from flows.commands.options import (
    executor_options,
    job_options,
    recheck_option,
    strict_option,
)
from flows.commands.output import say
from flows.commands.progress import Console
from flows.parameters import Options, artifacts_place, read_before
from flows.prefect_server.lifecycle import prefect_server
from flows.prefect_server.prune import Pruner
from reviewflow.config.sections import Config, JobConfig
from reviewflow.config.sentiment import read_config
from reviewflow.errors import LearningError, StoreError, unreadable_file
from reviewflow.evaluation.metrics import METRICS
from reviewflow.formatting import amount, duration, finite, size
from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.promotion import gate_sentence
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.moons.config import read_moons_config
from reviewflow.pipeline.executors import check_executor
from reviewflow.pipeline.planner import check_refresh
from reviewflow.reporting.page.headline import warning_sentences
from reviewflow.reporting.page.report_data import read_report_data
from reviewflow.reporting.page.result import result_lines
from reviewflow.reviews.downloads import DOWNLOADS
from reviewflow.reviews.input_files import input_files
from reviewflow.runs.alerts import alerts
from reviewflow.runs.history import last_completed, run_record
from reviewflow.runs.identity import run_identity
from reviewflow.runs.record import read_run
from tasks.environment import OWN_SERVER

FIRST_RUN = "a first run with 25,000 takes about two minutes, and later ones do only what changed"
NEXT = (
    "Next: `reviewflow open` shows the report, `reviewflow plan --set split.seed=1` what a "
    "change would cost. For a run every night, "
)
SCHEDULED = "name this configuration in prefect.yaml and start `reviewflow ui`."
UNSCHEDULED = "make a project with `reviewflow init --to FOLDER`."


def next_steps() -> str:
    """Return what a person may do after a run."""
    return NEXT + (SCHEDULED if Path("prefect.yaml").is_file() else UNSCHEDULED)


@click.command()
@job_options("configs/imdb.yaml")
@recheck_option
@strict_option
@executor_options
def run(config: str, strict: bool, **options: Any) -> None:
    """Run the whole job, from reading the reviews to the report."""
    settings = read_config(Path(config), options["changes"])
    check_refresh(options["refresh"], SENTIMENT.stages)
    check_executor(options["executor"])
    check_suites(settings)
    artifacts, _ = artifacts_place(options["artifacts"])
    say(introduction(Path(config), settings, artifacts))
    with _watch(artifacts, "flows.sentiment", settings) as console:
        from flows.sentiment import sentiment  # imports Prefect, which reads its settings now

        report = Path(sentiment(config=config, options=Options(**options)))
        result = read_result(report.parent, artifacts)
        console.finish(report, (*result, next_steps()))
    if strict:
        check_learned(read_run(report.parent))


def check_suites(settings: Config) -> None:
    """Raise ConfigError if a suite is missing, before a server is started."""
    for setting in ("validate.reviews", "validate.features"):
        path = settings.settings(setting)
        if not exists(path):
            raise unreadable_file("suite", path, os.strerror(errno.ENOENT), setting)


def introduction(config: Path, settings: Config, artifacts: Path) -> str:
    """Return what a run will do, on how much, and how long it takes."""
    files = input_files(settings.ingest, artifacts / DOWNLOADS)
    sizes = [file.path.stat().st_size for file in files if isfile(file.path)]
    is_known = sizes and all(isfile(file.path) for file in files if file.url)
    much = f"{size(sum(sizes))} of reviews" if is_known else "reviews"
    names = " and ".join(file.name for file in files)
    where = amount(len(files), "file") if len(files) > 2 else names
    runs = artifacts / "runs"
    try:
        last = last_completed(runs, run_identity(SENTIMENT.name, config.stem, settings, config))
    except StoreError:
        last = None  # the run says so itself
    seconds = None if last is None else finite(last.content.get("seconds"))
    long = FIRST_RUN if seconds is None else f"the last run took {duration(seconds)}"
    return (
        f"{config.stem}: {amount(len(settings.variant_configs), 'variant')} from {much} in "
        f"{where}; {long}."
    )


def read_result(folder: Path, artifacts: Path) -> tuple[str, ...]:
    """Return the result of a sentiment run in a few sentences.

    Parameters
    ----------
    folder : of the run.
    """
    content = read_run(folder)
    keys = [step["key"] for step in content["stages"] if step["stage"] == "report"]
    data = read_report_data(artifacts / "store" / "report" / str(keys[0]))
    lines = (*result_lines(content, data), *warning_sentences(content), *falls(folder))
    published = content.get("published")
    return lines if published is None else (*lines, gate_sentence(published))


def falls(folder: Path) -> tuple[str, ...]:
    """Return that the best metric got worse, as the alert of the run says it.

    Parameters
    ----------
    folder : of the run.
    """
    run = run_record(folder)
    before = last_completed(folder.parent, run.identity, before=run.run_id)
    lower_is_better = [metric.name for metric in METRICS if not metric.higher_is_better]
    found = alerts(run.content, before.content if before else None, lower_is_better)
    title = f"{run.identity.job} {run.identity.name}: the"
    return tuple(
        f"The{alert.text.removeprefix(title)}" for alert in found if alert.event[:6] == "metric"
    )


def check_learned(content: Mapping[str, Any]) -> None:
    """Raise LearningError if run.json says that no variant learned."""
    if content.get("learned"):
        return
    best = (content.get("best") or {}).get("variant")
    reasons = [
        f"; {each['name']}: {each['diagnosis']}"
        for each in content.get("variants") or ()
        if each["name"] == best and each["diagnosis"]
    ]
    raise LearningError(
        f"No variant beats the majority class beyond chance{''.join(reasons) or '.'}"
    )


@click.command()
@job_options("configs/moons.yaml")
@recheck_option
@click.option("--output", metavar="DIR", help="Folder for pictures, loss lines and the page.")
def moons(config: str, output: str | None, **options: Any) -> None:
    """Train a network written in NumPy on two moons, and show what it does."""
    settings = read_moons_config(Path(config), options["changes"])
    check_refresh(options["refresh"], MOONS.stages)
    artifacts, _ = artifacts_place(options["artifacts"])
    with _watch(artifacts, "flows.moons", settings) as console:
        from flows.moons import moons as flow

        page = flow(config=config, options=Options(**options), output=output)
        console.finish(Path(page))


@contextmanager
def _watch(artifacts: Path, flow: str, config: JobConfig) -> Iterator[Console]:
    """Start a Prefect server and a console for a flow of a configuration."""
    with Console() as console:

        def still_starting() -> None:
            console.update("Prefect", "starting", {})

        still_starting()
        home = artifacts.absolute() / "prefect"
        pruner = Pruner(home)
        with prefect_server(home, meanwhile=flow, still_starting=still_starting) as url:
            console.done("Prefect", "watch this run at", 0, url.removesuffix("/api"))

            from flows.base import by_hand

            if os.environ.get(OWN_SERVER) and (sentence := pruner.remove_for_a_moment()):
                console.show("Prefect", sentence)
            with by_hand(console), read_before(config):
                yield console
