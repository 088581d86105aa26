"""Measure seconds and peak memory of each stage up to a million rows.

The rows are the real reviews over and over, with words dropped and swapped. The configuration is
``configs/imdb.yaml`` with one variant that trains for one epoch. Each stage runs in a process of
its own, with all earlier stages cached, so its memory is its own and its seconds include the import
of the libraries that it needs. Reading means that the file is read for the first time and cut into
parts.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measuring import fresh, report_progress
from benchmarks.stages import THREADS, one_variant
from benchmarks.table import Row
from benchmarks.varied import varied_reviews, write_reviews
from benchmarks.workspace import Workspace

SIZES = (25_000, 100_000, 250_000, 500_000, 1_000_000)
QUICK_SIZES = (1_200, 3_000)
STAGES = (
    "ingest",
    "validate reviews",
    "normalize",
    "vectorize",
    "validate features",
    "train",
    "evaluate",
    "report",
)


def rows(space: Workspace) -> list[Row]:
    """Measure each stage at each size: its seconds and its peak memory."""
    found = []
    for size in QUICK_SIZES if space.quick else SIZES:
        folder = space.folder / f"scale-{size}"
        folder.mkdir()
        report_progress(f"writing {size:,} rows")
        write_reviews(folder / "reviews.csv", varied_reviews(space.reviews_path, size))
        for stage in ("reading", "suites", *STAGES):
            report_progress(f"{size:,} rows: {stage}")
            figures = fresh(one_stage, folder=folder, stage=stage)
            if stage == "suites":  # independent of the rows
                continue
            name = f"{size:,} rows, {stage}"
            found.append(Row(f"{name}: time", "s", (figures["seconds"],)))
            found.append(Row(f"{name}: peak memory", "MB", (figures["megabytes"],)))
    return found


def one_stage(folder: str, stage: str) -> dict[str, float]:
    """Measure one stage of the job, with the earlier ones in the store.

    The stage ``reading`` opens the job and runs nothing.
    """
    from reviewflow.jobs.open_sentiment import open_sentiment
    from reviewflow.pipeline.last_run import LastRun
    from reviewflow.pipeline.runner import Listener, Run

    config = one_variant(str(Path(folder, "reviews.csv")), epochs=1)
    started = time.perf_counter()
    planner = open_sentiment(config, Path(folder, "artifacts"), LastRun({}, {}))
    if stage == "reading":
        return {"seconds": time.perf_counter() - started}
    with ThreadPoolExecutor(THREADS) as executor:
        run = Run(planner, Listener(), executor)
        for before in _until(stage):
            for work in run.task_groups(before):
                started = time.perf_counter()
                run.perform(work)
    return {"seconds": time.perf_counter() - started}


def _until(stage: str) -> Iterator[str]:
    for name in ("suites", *STAGES):
        yield name
        if name == stage:
            return
