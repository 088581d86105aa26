"""Measure ``reviewflow plan`` after an edit, and ``reviewflow --help``.

The plan follows a run of the default configuration and a review inserted at the top of the CSV, so
it reads the whole file again. The seconds are those of the whole command, Python's start included.
The benchmark of the unchanged run measures a plan with nothing changed.
"""

import time
from pathlib import Path

from benchmarks.measuring import command_figures, in_turn, of, report_progress
from benchmarks.table import Row
from benchmarks.whole_run import run_arguments, write_config
from benchmarks.workspace import Workspace

HELP, CHANGED = "--help", "plan, one review inserted"


def rows(space: Workspace) -> list[Row]:
    """Measure the seconds of each command."""
    report_progress("one run to plan after")
    folder = space.folder / "plan"
    folder.mkdir()
    reviews = folder / "reviews.csv"
    whole = space.reviews_path.read_bytes()
    reviews.write_bytes(whole)
    # How long the variants were trained makes no difference to what is planned.
    run = run_arguments(write_config(space, folder, epochs=1), folder / "artifacts")
    on_reviews = [*run[1:], "--set", f"ingest.path={reviews}"]
    command_figures(["run", *on_reviews])

    def plan_changed_file() -> dict[str, float]:
        insert_review(reviews)
        figures = command_figures(["plan", *on_reviews])
        reviews.write_bytes(whole)
        command_figures(["plan", *on_reviews])  # the index of the old file again
        return figures

    figures = in_turn(
        space.runs,
        {
            HELP: lambda: command_figures(["--help"]),
            CHANGED: plan_changed_file,
        },
    )
    return [Row(name, "s", of("seconds", runs)) for name, runs in figures.items()]


def insert_review(path: Path) -> None:
    """Insert a review before the first, a different one each time."""
    head, _, records = path.read_bytes().partition(b"\n")
    review = f'"Written at {time.time_ns()}, a good film.",positive\n'
    path.write_bytes(head + b"\n" + review.encode() + records)
