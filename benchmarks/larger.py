"""Measure ``reviewflow run`` on a million and five million rows.

The rows are the real reviews over and over, with words dropped and swapped, about 1.3 kB each. The
text settings are those of ``configs/write_up.yaml`` (raw text, words of two letters and more, 5,000
terms). Two variants of its network (512 and 128 units, batches of 16, rates 0.01 and 0.1) train for
one epoch on four fifths of the rows. ``train.shuffle_buffer`` is 100,000.

The command runs as a person starts it. A stage lasts from the start of its first step to the end of
its last. Its memory and its processor time are those of all the command's processes meanwhile, so
they contain what the stages before it left and a stage that runs beside it: the check of the
reviews is beside normalize. *Start* is all that comes before the first step: Python, Prefect, and
the cutting of the file into parts. Prefect's server has a row of its own.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from benchmarks.measuring import ROOT, Sample, report_progress, watch_command
from benchmarks.table import Row, digits
from benchmarks.varied import varied_reviews, write_reviews
from benchmarks.whole_run import run_arguments
from benchmarks.workspace import Workspace
from reviewflow.config.loading import read_yaml
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.store.catalog import entries

SIZES = (1_000_000, 5_000_000)
QUICK_SIZES = (1_200, 3_000)
SHUFFLE_BUFFER = 100_000
CONFIG = ROOT / "configs" / "write_up.yaml"
RATES = {"relu": 0.01, "relu rate 0.1": 0.1}
START, WHOLE, SERVER = "start", "the whole run", "Prefect's server"
HEAD = ("rows", "stage", "seconds", "processor seconds", "peak memory, MB")

Window = tuple[float, float]  # begin and end, in seconds since 1970


def rows(space: Workspace) -> list[Row]:
    """Add the table of the stages, and return time and memory of each run."""
    found: list[Row] = []
    lines: list[Sequence[str]] = []
    for size in QUICK_SIZES if space.quick else SIZES:
        report_progress(f"{size:,} rows")
        samples, windows = run_once(space, space.folder / f"larger-{size}", size)
        seconds = samples[-1].time - samples[0].time
        found.append(Row(f"{size:,} rows, CSV to report: time", "s", (seconds,)))
        peak = max(sample.bytes for sample in samples) / 1e6
        found.append(Row(f"{size:,} rows, CSV to report: peak memory", "MB", (peak,)))
        lines += stage_lines(f"{size:,}", samples, windows)
    space.tables.append("\n".join(_line(cells) for cells in (HEAD, ["---"] * len(HEAD), *lines)))
    return found


def run_once(
    space: Workspace, folder: Path, size: int
) -> tuple[list[Sample], Mapping[str, Window]]:
    """Run the command on ``size`` rows, and remove the folder.

    Returns
    -------
    samples : of the command's processes.
    windows : when each stage went on, by its name.
    """
    folder.mkdir()
    write_reviews(folder / "reviews.csv", varied_reviews(space.reviews_path, size))
    config, artifacts = write_config(folder), folder / "artifacts"
    samples = watch_command(run_arguments(config, artifacts))
    windows = stage_windows(artifacts / "store")
    shutil.rmtree(folder)
    return samples, windows


def write_config(folder: Path) -> Path:
    """Write the write-up's settings for two variants and one epoch."""
    content = read_yaml(CONFIG)
    content["ingest"]["path"] = "reviews.csv"
    content["split"] = {"method": "hash", "test_size": 0.2, "validation_size": 0, "seed": 42}
    content["train"] |= {"epochs": 1, "repeats": 1, "shuffle_buffer": SHUFFLE_BUFFER}
    content["variants"] = {name: {"train.learning_rate": rate} for name, rate in RATES.items()}
    del content["report"], content["validate"]
    path = folder / "larger.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def stage_windows(store: Path) -> dict[str, Window]:
    """Return when the steps of each stage went on, by the stage's name."""
    windows: dict[str, Window] = {}
    for entry in entries(store, [stage.name for stage in SENTIMENT.stages]):
        begin = entry.made_seconds - (entry.manifest or {})["seconds"]
        first, last = windows.get(entry.stage, (begin, entry.made_seconds))
        windows[entry.stage] = min(first, begin), max(last, entry.made_seconds)
    return windows


def stage_lines(
    size: str, samples: Sequence[Sample], windows: Mapping[str, Window]
) -> Iterator[Sequence[str]]:
    """Yield the cells of each stage, of the whole run and of the server."""
    begin, end = samples[0].time, samples[-1].time
    first_step = min(begin for begin, _ in windows.values())
    for name, window in {START: (begin, first_step), **windows, WHOLE: (begin, end)}.items():
        cpu = _cpu_seconds_at(samples, window[1]) - _cpu_seconds_at(samples, window[0])
        peak = max(_bytes_at(samples, *window)) / 1e6
        yield size, name, digits(window[1] - window[0]), digits(cpu), digits(peak)
    yield size, SERVER, "", "", digits(max(sample.server_bytes for sample in samples) / 1e6)


def _cpu_seconds_at(samples: Sequence[Sample], time: float) -> float:
    return max((each.cpu_seconds for each in samples if each.time <= time), default=0.0)


def _bytes_at(samples: Sequence[Sample], begin: float, end: float) -> list[int]:
    """Return the memory in a window, or just before one without a sample."""
    before = [each.bytes for each in samples if each.time < begin][-1:]
    return [each.bytes for each in samples if begin <= each.time <= end] or before or [0]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
