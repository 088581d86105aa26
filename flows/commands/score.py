"""Score files with a published model: ``reviewflow score``."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from flows.commands.options import artifacts_option
from flows.commands.output import say, say_table
from flows.commands.progress import Console
from flows.prefect_server.lifecycle import prefect_server
from reviewflow.config.loading import validate_model
from reviewflow.config.scoring import Score
from reviewflow.errors import UsageError
from reviewflow.formatting import amount
from reviewflow.models.registry import Registry

DRIFT_COLUMNS = ("trait", ">stability index", ">chance level", "verdict")
DRIFT_NOTE = "Beyond chance, 0.1 is a small change and 0.25 a large one, by a rule of thumb."

LEFT_ALONE = {
    "kept": "scored before",
    "waiting": "changed moments ago, for the next time",
    "busy": "in the hands of another process",
    "failed": "failed",
}


@click.command()
@click.argument("input")
@click.option("--output", required=True, help="File for the scores, or a folder for several.")
@click.option("--model", help="Name of a published model; by default the only one there is.")
@click.option("--text-column", help="Column that holds the text, if not that of the training data.")
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of a CSV file.")
@click.option("--delimiter", help="Character between two cells of a CSV file, or tab.")
@click.option(
    "--quoting/--no-quoting",
    default=True,
    help="Whether a cell of a CSV file may be in double quotes.",
)
@click.option("--labels", metavar="COLUMN", help="Column of true labels: tells the accuracy.")
@click.option("--suite", help="Suite that each file must pass.")
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=NUMBER",
    help="Change a limit of the suite, such as max_psi_labels=0.25.",
)
@click.option(
    "--notify",
    multiple=True,
    metavar="NAME",
    help="Who gets a message if something is wrong; the address of ops is in "
    "REVIEWFLOW_NOTIFY_OPS.",
)
@click.option("--prefix", default="", help="Put this before the names of the new columns.")
@click.option("--rescore", is_flag=True, help="Score again what an earlier version has scored.")
@click.option(
    "--settle-seconds",
    default=10.0,
    show_default=True,
    help="Leave files of a folder that changed within so many seconds.",
)
@artifacts_option
def score(
    model: str | None,
    artifacts: str,
    suite: str | None,
    limits: tuple[str, ...],
    notify: tuple[str, ...],
    **options: Any,
) -> None:
    """Score a file of reviews, or a folder of files, with a published model.

    INPUT is a file that `reviewflow run` could read, a folder, or a pattern such as `inbox/*.csv`.
    Labels are not needed. Other columns pass through.
    """
    name = model or only_model(Path(artifacts))
    content = {"model": name, "artifacts": artifacts, "limits": read_limits(limits), **options}
    content["notify"] = {"to": notify}
    if suite is not None:
        content["suite"] = suite
    settings = validate_model(Score, content, "The command")
    with Console() as console:
        console.update("Prefect", "starting", {})
        home = Path(artifacts).absolute() / "prefect"
        with prefect_server(home, meanwhile="flows.score") as url:
            console.done("Prefect", "watch this run at", 0, url.removesuffix("/api"))
            from flows.base import by_hand

            with by_hand(console):
                from flows.score import score as flow

                folder = Path(flow(settings=settings))
    say(score_summary(folder))
    drift_table = drift_rows(folder)
    if drift_table:
        say_table("Drift from the validation rows", DRIFT_COLUMNS, drift_table)
        say(DRIFT_NOTE)
    say(f"Report: {folder / 'report.html'}")


def read_limits(given: Iterable[str]) -> dict[str, float]:
    """Return limits by name.

    Raises
    ------
    UsageError
        If one is not like ``NAME=NUMBER``.
    """
    limits = {}
    for pair in given:
        name, _, number = pair.partition("=")
        try:
            limits[name] = float(number)
        except ValueError:
            raise UsageError(
                f"--limit {pair} must be a name and a number, as in max_psi_labels=0.25."
            ) from None
    return limits


def only_model(artifacts: Path) -> str:
    """Return the name of the only published model.

    Raises
    ------
    UsageError
        If there is none, or more than one.
    """
    names = Registry(artifacts / "models").names()
    if len(names) == 1:
        return names[0]
    if names:
        raise UsageError(
            f"Several models are published: name one of {', '.join(names)} by --model."
        )
    raise UsageError(
        f"No model is published in {artifacts / 'models'}; run a configuration with publish.name, "
        "or name the folder of a bundle by --model."
    )


def score_summary(folder: Path) -> str:
    """Return what a run of the score flow has done, in a sentence."""
    content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    files = content["files"]
    if not files:
        return f"{content['data']['path']} holds no file of reviews, so there is nothing to score."
    done = [each for each in files if each["state"] == "scored"]
    rows, rejects = (sum(each[name] for each in done) for name in ("rows_out", "rejects"))
    model = f"{content['model']['name']} {content['model']['version']}"
    scored = (
        f"Scored {amount(rows, 'row')} of {amount(len(done), 'file')} with {model}, "
        f"{amount(rejects, 'reject')}"
    )
    others = [
        f"{amount(count, 'file')} {what}"
        for state, what in LEFT_ALONE.items()
        if (count := sum(each["state"] == state for each in files))
    ]
    return f"{'; '.join([scored] * bool(done) + others)}."


def drift_rows(folder: Path) -> list[tuple[str, str, str, str]]:
    """Return a row for each trait of all rows that a run scored.

    There are none if the index of each trait is within chance or less than 0.1.
    """
    from reviewflow.reporting.scoring_page.scoring_view import run_drift

    content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    drift = run_drift(content)
    is_new = any(each["state"] == "scored" for each in content["files"])
    if drift is None or not drift.differing or not is_new:
        return []
    return [
        (trait.name, f"{trait.psi:.3f}", f"{trait.chance:.3f}", trait.verdict)
        for trait in drift.traits
    ]
