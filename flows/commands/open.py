"""Show a run's report in the browser: ``reviewflow open``."""

import subprocess
import sys
from contextlib import suppress

import click

from flows.commands.latest_run import named_run
from flows.commands.options import artifacts_option
from flows.commands.output import say
from reviewflow.errors import UsageError
from reviewflow.runs.history import run_page


@click.command()
@click.argument("run", default="latest")
@artifacts_option
def open(run: str, artifacts: str) -> None:
    """Show the report of a run in the browser.

    RUN is an id, the beginning of one, or a link to a last completed run: `latest`, `latest-moons`,
    `latest-score`. Where no browser can be opened, the printed address is for another one.
    """
    folder = named_run(run, artifacts).folder
    page = run_page(folder)
    if page is None:
        raise UsageError(f"The run {folder.name} has no report: it ended before there was one.")
    address = page.absolute().as_uri()
    say(address)
    launch(address)


def launch(address: str) -> None:
    """Open an address, without a word of the desktop's program if it cannot."""
    if not sys.platform.startswith("linux"):
        click.launch(address)
        return
    with suppress(OSError):
        subprocess.Popen(["xdg-open", address], stderr=subprocess.DEVNULL)
