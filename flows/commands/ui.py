"""Serve Prefect's UI with the schedule and a worker: ``reviewflow ui``."""

from pathlib import Path

import click

from flows.commands.options import artifacts_option
from flows.prefect_server.ui import serve_ui


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port to listen on; by default 4200, or that of the server that a run has started.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 opens it to the network and needs a password.",
)
@artifacts_option
def ui(port: int | None, host: str, artifacts: str) -> None:
    """Serve Prefect's UI with the schedule and a worker, until Ctrl-C."""
    serve_ui(Path(artifacts), port, host)
