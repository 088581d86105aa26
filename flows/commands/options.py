"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

from reviewflow.config.urls import is_like_url
from reviewflow.errors import ConfigError
from reviewflow.store.remote_store import FOLDER


def _local_folder(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Refuse a URL for what is local: records, reports and models."""
    if is_like_url(value):
        command = context.command_path.removeprefix(context.find_root().command_path)
        raise ConfigError(
            f"--artifacts of `reviewflow{command}` must be a folder: runs, reports and models are "
            f"in the folder {FOLDER} where object storage has the artifacts."
        )
    return value


artifacts_option = click.option(
    "--artifacts",
    default=FOLDER,
    show_default=True,
    callback=_local_folder,
    help="Folder where results are kept.",
)
shared_artifacts_option = click.option(
    "--artifacts",
    default=FOLDER,
    show_default=True,
    metavar="DIR|URL",
    help="Folder where results are kept, or object storage such as s3://bucket/prefix.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
recheck_option = click.option(
    "--recheck", is_flag=True, help="Compute again what is cached, and compare bytes."
)
strict_option = click.option(
    "--strict", is_flag=True, help="Fail (exit code 3) if no variant beats the majority class."
)


def executor_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what performs the steps of a run."""
    for option in (
        click.option(
            "--any-processor",
            is_flag=True,
            help="Let workers have other kinds of processors than this machine.",
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            metavar="N",
            help="Worker processes; one a processor by default.",
        ),
        click.option(
            "--executor",
            default="threads",
            show_default=True,
            metavar="WHAT",
            help="What performs the steps: threads, processes, dask or tcp://HOST:PORT.",
        ),
    ):
        command = option(command)
    return command


def job_options(default_config: str) -> Callable[..., Any]:
    """Return a decorator with the options of commands that plan a job.

    Except for ``--config`` they are the fields of :class:`flows.parameters.Options`.
    """
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
            "--refresh",
            multiple=True,
            metavar="STAGE",
            help="Run a stage even where it is cached.",
        ),
        click.option(
            "--verify", is_flag=True, help="Hash every artifact instead of trusting size and time."
        ),
        shared_artifacts_option,
    )

    def with_options(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return with_options
