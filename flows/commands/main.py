"""The command line: a group that imports a command when it is called.

::

    reviewflow COMMAND ─▶ COMMANDS ─▶ the command's module, and with it what the command needs
                                      └─ whatever it raises: one sentence and an exit code
"""

import os
from importlib import import_module
from typing import Any

import click

from flows.commands.errors import DEBUG, handle_errors
from flows.commands.output import plain_warnings, tolerant_output
from reviewflow import __version__

# command: (module that defines it under this name, what the list of commands says of it)
COMMANDS = {
    "init": (
        "flows.commands.init",
        "Look at reviews and write a configuration for them.",
    ),
    "run": (
        "flows.commands.jobs",
        "Run the whole job, from reading the reviews to the report.",
    ),
    "plan": ("flows.commands.plan", "Say what a run would do, and why, and run nothing."),
    "runs": ("flows.commands.runs", "List past runs, the newest first."),
    "show": (
        "flows.commands.runs",
        "Show one run: its stages, its variants and what failed a check.",
    ),
    "open": ("flows.commands.open", "Show the report of a run in the browser."),
    "compare": (
        "flows.commands.compare",
        "Say what differs between two runs, and by how much more than chance.",
    ),
    "trend": (
        "flows.commands.trend",
        "Show how the figures of a configuration went over its runs.",
    ),
    "settings": (
        "flows.commands.settings",
        "List every setting with its default, its bounds and what it means.",
    ),
    "moons": (
        "flows.commands.jobs",
        "Train a network written in NumPy on two moons, and show what it does.",
    ),
    "data": ("flows.commands.data", "List and fetch datasets."),
    "score": (
        "flows.commands.score",
        "Score a file of reviews, or a folder of files, with a published model.",
    ),
    "predict": (
        "flows.commands.predict",
        "Classify texts with a published model, and name the words that did it.",
    ),
    "models": (
        "flows.commands.models",
        "List published models, and choose which of them scores.",
    ),
    "store": ("flows.commands.store", "List, verify and clean the artifact store."),
    "ui": ("flows.commands.ui", "Serve Prefect's UI with the schedule and a worker, until Ctrl-C."),
}


class Commands(click.Group):
    """The group of all commands, each imported when it is asked for."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command whose output may lose its reader."""
        with tolerant_output(), plain_warnings():
            return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command and turn its errors into sentences."""
        with handle_errors():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, or return None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Show a traceback with an error.")
def main(debug: bool) -> None:
    """Train sentiment classifiers on labelled reviews, incrementally."""
    if debug:
        os.environ[DEBUG] = "1"


if __name__ == "__main__":
    main()
