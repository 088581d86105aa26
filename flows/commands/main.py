"""The command line; heavy things are imported only by the command that needs them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.commands.errors import plainly
from flows.commands.runs import compare, runs, show
from flows.commands.store import store
from reviewflow import __version__

if TYPE_CHECKING:
    from flows.commands.progress import Console
    from reviewflow.config.sections import JobConfig

CONFIG = "configs/imdb.yaml"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Show a traceback with an error.")
def main(debug: bool) -> None:
    """Train and judge sentiment classifiers on labelled reviews, incrementally."""
    if debug:
        os.environ["REVIEWFLOW_DEBUG"] = "1"


def job_options(default_config: str = CONFIG) -> Callable[..., Any]:
    """The options that commands which walk a job share; ``--config`` apart, fields of Options."""
    options = (
        click.option(
            "--config", default=default_config, show_default=True, help="Configuration file."
        ),
        click.option(
            "--set",
            "changes",
            multiple=True,
            metavar="SECTION.KEY=VALUE",
            help="Change one setting.",
        ),
        click.option(
            "--refresh", multiple=True, metavar="STAGE", help="Run a stage whatever is cached."
        ),
        click.option(
            "--verify", is_flag=True, help="Hash every artifact instead of trusting size and time."
        ),
        click.option(
            "--artifacts", default="artifacts", show_default=True, help="Where results are kept."
        ),
    )

    def with_options(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return with_options


recheck_option = click.option(
    "--recheck", is_flag=True, help="Compute what is cached again, and compare bytes."
)


@main.command()
@job_options()
@recheck_option
@plainly
def run(config: str, **asked: Any) -> None:
    """Do the whole job: ingest, check, normalise, vectorise, train, evaluate, report."""
    from reviewflow.config.sentiment import read_config
    from reviewflow.jobs.sentiment import STAGES
    from reviewflow.pipeline.planner import check_refresh

    settings = read_config(Path(config), asked["changes"])
    check_refresh(asked["refresh"], STAGES)
    with watched(asked["artifacts"], "flows.sentiment", settings) as console:
        from flows.parameters import Options
        from flows.sentiment import sentiment

        report = sentiment(config=config, options=Options(**asked))
        console.finish(Path(report))


@main.command()
@job_options("configs/moons.yaml")
@recheck_option
@click.option("--output", metavar="DIR", help="Where to put pictures, loss lines and the page.")
@plainly
def moons(config: str, output: str | None, **asked: Any) -> None:
    """Train a network written in NumPy on two moons, and show what it does."""
    from reviewflow.jobs.moons import MOONS
    from reviewflow.moons.config import read_moons_config
    from reviewflow.pipeline.planner import check_refresh

    settings = read_moons_config(Path(config), asked["changes"])
    check_refresh(asked["refresh"], MOONS)
    with watched(asked["artifacts"], "flows.moons", settings) as console:
        from flows.moons import moons as flow
        from flows.parameters import Options

        page = flow(config=config, options=Options(**asked), output=output)
        console.finish(Path(page))


@main.command()
@click.option("--port", default=4200, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 opens it to the network.",
)
@click.option("--artifacts", default="artifacts", show_default=True, help="Where results are kept.")
@plainly
def ui(port: int, host: str, artifacts: str) -> None:
    """Serve Prefect's UI with the schedule and a worker, until Ctrl-C."""
    from flows.prefect_server.ui import serve_ui

    serve_ui(Path(artifacts), port, host)


@contextmanager
def watched(artifacts: str, flow: str, config: JobConfig) -> Iterator[Console]:
    """Start a Prefect server and a console for a flow, which takes this configuration."""
    from flows.commands.progress import Console
    from flows.prefect_server.lifecycle import prefect_server

    with Console() as console:
        console.update("Prefect", "starting", {})
        home = Path(artifacts).absolute() / "prefect"
        with prefect_server(home, meanwhile=flow) as url:
            console.done("Prefect", "watch this run at", 0, url.removesuffix("/api"))

            from flows.base import by_hand
            from flows.parameters import read_before

            with by_hand(console), read_before(config):
                yield console


@main.command()
@job_options()
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@plainly
def plan(
    config: str,
    changes: tuple[str, ...],
    refresh: tuple[str, ...],
    verify: bool,
    artifacts: str,
    as_json: bool,
) -> None:
    """Say what a run would do, and why, and run nothing."""

    from reviewflow.config.sentiment import read_config
    from reviewflow.jobs.open_sentiment import open_planner
    from reviewflow.pipeline.explain import plan_entries, plan_text
    from reviewflow.runs.identity import run_identity
    from reviewflow.runs.record import last_run

    settings = read_config(Path(config), changes)
    identity = run_identity("sentiment", Path(config).stem, settings, config)
    previous = last_run(Path(artifacts) / "runs", identity)
    planner = open_planner(settings, Path(artifacts), previous, refresh, verify)
    decisions = planner.plan_all()
    click.echo(
        json.dumps(plan_entries(decisions), indent=1, ensure_ascii=False)
        if as_json
        else plan_text(decisions)
    )


@main.group()
def data() -> None:
    """Datasets that reviewflow can bring."""


@data.command("list")
@plainly
def data_list() -> None:
    """List the datasets."""
    from reviewflow.reviews.datasets import DATASETS

    for dataset in DATASETS:
        click.echo(f"{dataset.name:14} {dataset.title}")


@data.command("fetch")
@click.argument("name")
@plainly
def data_fetch(name: str) -> None:
    """Bring a dataset into data/raw/."""
    from reviewflow.reviews.datasets import fetch

    click.echo(f"The reviews are in {fetch(name, Path('data/raw'))}.")


for each in (runs, show, compare, store):
    main.add_command(each)

if __name__ == "__main__":
    main()
