"""A table that grows: what 1 % more rows, a deleted row and an edited one cost at 500,000 rows.

The rows are the real reviews twenty times over, from the second time on with words dropped and
swapped. Ingest (with the split), normalize and count run on all of them, and then after
each change, in a process of its own. Reading and cutting the changed file is shown apart: it cannot
be saved. The shares are of the first run's time, without its reading.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measuring import fresh, tell
from benchmarks.stages import THREADS
from benchmarks.table import Row
from benchmarks.varied import Reviews, varied_reviews, write_reviews
from benchmarks.workspace import Workspace

ROWS = 500_000
QUICK_ROWS = 30_000


def rows(space: Workspace) -> list[Row]:
    """Seconds of the row-wise stages at first and after each change, and of reading the file."""
    folder = space.folder / "growth"
    folder.mkdir()
    reviews, artifacts = folder / "reviews.csv", folder / "artifacts"
    tell("writing the large table")
    first = varied_reviews(space.reviews_path, QUICK_ROWS if space.quick else ROWS)
    more = first[-len(first) // 100 :]
    changes: dict[str, Reviews] = {
        "at first": first,
        "1 % appended": [*first, *([f"{text} and more", label] for text, label in more)],
        "a row near the start deleted": [*first[:10], *first[11:]],
        "a row in the middle edited": edited(first),
    }
    measured = {}
    for name, table in changes.items():
        write_reviews(reviews, table)
        tell(name)
        measured[name] = fresh(row_wise_stages, reviews_path=reviews, artifacts=artifacts)
    cold = measured["at first"]["seconds"]
    return [
        Row(
            f"{len(first):,} rows, {name}: {figures['ran']:.0f} of {figures['steps']:.0f} steps "
            f"({figures['seconds'] / cold:.1%}), beside reading the file",
            "s",
            (figures["seconds"],),
            "reading and cutting",
            (figures["reading_seconds"],),
        )
        for name, figures in measured.items()
    ]


def row_wise_stages(reviews_path: str, artifacts: str) -> dict[str, float]:
    """Ingest, normalize and count through the store; seconds with and without reading apart."""
    from reviewflow.config.sections import Config, Ingest
    from reviewflow.jobs.open_sentiment import open_planner, open_run
    from reviewflow.pipeline.last_run import LastRun
    from reviewflow.pipeline.runner import Listener, Work

    config = Config(ingest=Ingest(path=reviews_path))
    started = time.perf_counter()
    planner = open_planner(config, Path(artifacts), LastRun({}, {}))
    read = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as executor:
        run = open_run(config, planner, Listener(), executor)
        for work in (*run.task_groups("ingest"), *run.works("normalize")):
            run.perform(work)
        counts = [line for line in planner.nodes if line.stage.name == "count"]
        run.perform(Work("count", counts, ()))
    ran = sum(outcome.state == "ran" for outcome in run.outcomes)
    return {
        "seconds": time.perf_counter() - read,
        "reading_seconds": read - started,
        "ran": ran,
        "steps": len(run.outcomes),
    }


def edited(reviews: Reviews) -> Reviews:
    """The reviews with one changed in the middle."""
    middle = len(reviews) // 2
    text, label = reviews[middle]
    return [*reviews[:middle], [f"{text} After all.", label], *reviews[middle + 1 :]]
