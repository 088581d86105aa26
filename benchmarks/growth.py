"""Measure what a changed row costs in a table of 500,000 rows.

The changes are 1 % more rows, a deleted row and an edited one. The rows are the real reviews twenty
times over, from the second time on with words dropped and swapped. Ingest with the split, normalize
and count run on all rows first, and then after each change, in a process of their own. Reading and
cutting the changed file is a figure of its own, since no cache can save it. The shares refer to the
first run's time without its reading.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measuring import fresh, report_progress
from benchmarks.stages import THREADS, one_variant
from benchmarks.table import Row
from benchmarks.varied import Reviews, varied_reviews, write_reviews
from benchmarks.workspace import Workspace

ROWS = 500_000
QUICK_ROWS = 30_000


def rows(space: Workspace) -> list[Row]:
    """Measure the row-wise stages at first and after each change."""
    folder = space.folder / "growth"
    folder.mkdir()
    reviews, artifacts = folder / "reviews.csv", folder / "artifacts"
    report_progress("writing the large table")
    count = QUICK_ROWS if space.quick else ROWS
    first = list(varied_reviews(space.reviews_path, count))
    more = first[-len(first) // 100 :]
    changes: dict[str, Reviews] = {
        "at first": first,
        "1 % appended": [*first, *([f"{text} and more", label] for text, label in more)],
        "a row near the start deleted": [*first[:10], *first[11:]],
        "a row in the middle edited": with_edit(first),
    }
    measured = {}
    for name, table in changes.items():
        write_reviews(reviews, table)
        report_progress(name)
        measured[name] = fresh(row_wise_stages, reviews_path=reviews, artifacts=artifacts)
    cold = measured["at first"]["seconds"]
    return [
        Row(
            f"{len(first):,} rows, {name}: {figures['ran']:.0f} of {figures['steps']:.0f} steps "
            f"({figures['seconds'] / cold:.1%}), without reading the file",
            "s",
            (figures["seconds"],),
            "reading and cutting",
            (figures["reading_seconds"],),
        )
        for name, figures in measured.items()
    ]


def row_wise_stages(reviews_path: str, artifacts: str) -> dict[str, float]:
    """Run ingest, normalize and count through the store.

    The seconds of reading the file are a figure of their own.
    """
    from reviewflow.jobs.open_sentiment import open_sentiment
    from reviewflow.pipeline.last_run import LastRun
    from reviewflow.pipeline.runner import Listener, Run, TaskGroup

    config = one_variant(reviews_path)
    started = time.perf_counter()
    planner = open_sentiment(config, Path(artifacts), LastRun({}, {}))
    read = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as executor:
        run = Run(planner, Listener(), executor)
        for work in (*run.task_groups("ingest"), *run.task_groups("normalize")):
            run.perform(work)
        counts = [node for node in planner.nodes if node.stage.name == "count"]
        run.perform(TaskGroup("count", counts))
    ran = sum(outcome.state == "ran" for outcome in run.outcomes)
    return {
        "seconds": time.perf_counter() - read,
        "reading_seconds": read - started,
        "ran": ran,
        "steps": len(run.outcomes),
    }


def with_edit(reviews: Reviews) -> Reviews:
    """Return the reviews with one in the middle changed."""
    middle = len(reviews) // 2
    text, label = reviews[middle]
    return [*reviews[:middle], [f"{text} After all.", label], *reviews[middle + 1 :]]
