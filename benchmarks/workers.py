"""Measure ``reviewflow run`` on threads and on two Dask workers.

The million rows and the settings are those of ``larger``: 1.3 kB a row, two variants, one epoch.
The file is the same for both, and each begins without artifacts. The time is that of the whole
command, the start of Prefect and of the workers included. The memory is that of all its processes
at one moment, workers included. The goal: Dask takes at most 25 % longer.
"""

import shutil

from benchmarks.larger import write_config
from benchmarks.measuring import report_progress, watch_command
from benchmarks.table import Row
from benchmarks.varied import varied_reviews, write_reviews
from benchmarks.whole_run import run_arguments
from benchmarks.workspace import Workspace

SIZE = 1_000_000
QUICK_SIZE = 1_200
EXECUTORS = {"threads": [], "2 Dask workers": ["--executor", "dask", "--workers", "2"]}


def rows(space: Workspace) -> list[Row]:
    """Return time and memory of each executor."""
    size = QUICK_SIZE if space.quick else SIZE
    folder = space.folder / "workers"
    folder.mkdir()
    write_reviews(folder / "reviews.csv", varied_reviews(space.reviews_path, size))
    config, artifacts = write_config(folder), folder / "artifacts"
    found = []
    for name, options in EXECUTORS.items():
        report_progress(f"{size:,} rows on {name}")
        samples = watch_command([*run_arguments(config, artifacts), *options])
        shutil.rmtree(artifacts)
        seconds = samples[-1].time - samples[0].time
        what = f"{size:,} rows on {name}, CSV to report"
        found.append(Row(f"{what}: time", "s", (seconds,)))
        found.append(Row(f"{what}: processor time", "s", (samples[-1].cpu_seconds,)))
        peak = max(sample.bytes for sample in samples) / 1e6
        found.append(Row(f"{what}: peak memory", "MB", (peak,)))
    return found
