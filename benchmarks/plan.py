"""The command ``reviewflow plan``, which says what a run would do, and ``reviewflow --help``.

After a run of the default configuration, with a review inserted at the top of the CSV, which is
then read anew. The seconds are those of the whole command, Python's start included; a plan with
nothing changed is measured with the unchanged run.
"""

import time
from pathlib import Path

from benchmarks.measuring import command_figures, in_turn, of, tell
from benchmarks.table import Row
from benchmarks.whole_run import run_arguments, write_config
from benchmarks.workspace import Workspace

HELP, CHANGED = "--help", "plan, one review inserted"


def rows(space: Workspace) -> list[Row]:
    """Seconds of each command."""
    tell("one run to plan after")
    folder = space.folder / "plan"
    folder.mkdir()
    reviews = folder / "reviews.csv"
    whole = space.reviews_path.read_bytes()
    reviews.write_bytes(whole)
    # How long the variants were trained makes no difference to what is planned.
    run = run_arguments(write_config(space, folder, epochs=1), folder / "artifacts")
    on_reviews = [*run[1:], "--set", f"ingest.path={reviews}"]
    command_figures(["run", *on_reviews])

    def changed() -> dict[str, float]:
        insert_review(reviews)
        figures = command_figures(["plan", *on_reviews])
        reviews.write_bytes(whole)
        command_figures(["plan", *on_reviews])  # takes note of the old state again
        return figures

    figures = in_turn(
        space.runs,
        {
            HELP: lambda: command_figures(["--help"]),
            CHANGED: changed,
        },
    )
    return [Row(name, "s", of("seconds", runs)) for name, runs in figures.items()]


def insert_review(path: Path) -> None:
    """Put one more review before the first, another one each time."""
    head, _, records = path.read_bytes().partition(b"\n")
    review = f'"Written at {time.time_ns()}, a good film.",positive\n'
    path.write_bytes(head + b"\n" + review.encode() + records)
