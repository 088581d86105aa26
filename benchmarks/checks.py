"""Measure both checks of the data beside the row-wise stages.

The rows are the real reviews, and then twenty times as many, each with words of its own, made as
for growth. The row-wise stages are ingest with the split, normalize, count, vocabulary and
features. Their own functions do the work in two threads. A check reads every row and stored value,
lets Great Expectations evaluate the shipped suite, and writes its results and Data Docs. The import
of Great Expectations is measured separately, and all other modules are imported before the clock
starts. The memory is the peak of a process that does both checks, which includes about 260 MB for
Great Expectations itself.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.growth import ROWS
from benchmarks.measuring import ROOT, Figures, fresh, of, report_progress
from benchmarks.stages import (
    THREADS,
    new_folder,
    part_folders,
    prepare_features,
    prepare_parts,
)
from benchmarks.table import Row
from benchmarks.varied import varied_reviews, write_reviews
from benchmarks.workspace import Workspace

if TYPE_CHECKING:
    from reviewflow.reviews.parts import Index

FEWER_ROWS = 25_000
QUICK_ROWS = (600, 3_000)
SUITES = ROOT / "configs" / "expectations"


def rows(space: Workspace) -> list[Row]:
    """Measure the seconds of each check and the memory of both."""
    folder = new_folder(space.folder / "checks")
    found: list[Row] = []
    for count in QUICK_ROWS if space.quick else (FEWER_ROWS, ROWS):
        reviews = folder / f"{count}.csv"
        report_progress(f"writing {count:,} rows")
        write_reviews(reviews, varied_reviews(space.reviews_path, count))
        found += _rows_of(count, reviews, folder / str(count), space.runs)
    return found


def _rows_of(count: int, reviews: Path, folder: Path, runs: int) -> list[Row]:
    stages: list[Figures] = []
    checked: list[Figures] = []
    for run in range(runs):
        report_progress(f"run {run + 1} of {runs}: {count:,} rows")
        own = new_folder(folder / str(run))
        stages.append(fresh(row_wise_stages, reviews_path=reviews, folder=own))
        checked.append(fresh(both_checks, folder=own))
    name, beside = f"{count:,} rows", "the row-wise stages"
    seconds, megabytes = of("seconds", stages), of("megabytes", stages)
    both = tuple(one["reviews_seconds"] + one["features_seconds"] for one in checked)
    share = median(own / all_stages for own, all_stages in zip(both, seconds, strict=True))
    return [
        Row(f"{name}, check of the reviews", "s", of("reviews_seconds", checked)),
        Row(f"{name}, check of the features", "s", of("features_seconds", checked)),
        Row(f"{name}, both checks ({share:.1%} of the stages)", "s", both, beside, seconds),
        Row(
            f"{name}, peak memory of the checks", "MB", of("megabytes", checked), beside, megabytes
        ),
        Row(f"{name}, importing Great Expectations", "s", of("import_seconds", checked)),
    ]


def row_wise_stages(reviews_path: str, folder: str) -> dict[str, float]:
    """Measure the way from the file to its features, in seconds.

    Writes the folders ``parts`` and ``features``.
    """
    import reviewflow.features.ngram_counts
    import reviewflow.features.tfidf
    import reviewflow.features.vocabulary
    import reviewflow.reviews.ingest
    import reviewflow.reviews.parts
    import reviewflow.text.normalize  # noqa: F401

    started = time.perf_counter()
    prepare_parts(reviews_path, f"{folder}/parts")
    prepare_features(f"{folder}/parts", f"{folder}/features")
    return {"seconds": time.perf_counter() - started}


def both_checks(folder: str) -> dict[str, float]:
    """Measure the import of Great Expectations and each check, in seconds."""
    from reviewflow.context import Context
    from reviewflow.quality.library import expectation_types
    from reviewflow.quality.validate_features import validate_features
    from reviewflow.quality.validate_reviews import validate_reviews

    started = time.perf_counter()
    expectation_types()
    imported = time.perf_counter()
    parts = part_folders(Path(folder, "parts"))
    with ThreadPoolExecutor(THREADS) as executor:
        context = Context(executor=executor)
        validate_reviews(
            reviews=parts,
            splits=parts,
            index=index_of(parts),
            class_names=("negative", "positive"),
            given_split=False,
            suite=SUITES / "reviews.yaml",
            limits={},
            folder=new_folder(Path(folder, "checked reviews")),
            context=context,
        )
        between = time.perf_counter()
        validate_features(
            features=part_folders(Path(folder, "features")),
            vocabulary=Path(folder, "features", "vocabulary"),
            class_names=("negative", "positive"),
            suite=SUITES / "features.yaml",
            limits={},
            folder=new_folder(Path(folder, "checked features")),
            context=context,
        )
    return {
        "import_seconds": imported - started,
        "reviews_seconds": between - imported,
        "features_seconds": time.perf_counter() - between,
    }


def index_of(parts: tuple[Path, ...]) -> "Index":
    """Return the index of parts whose rows follow one another in one file."""
    from pyarrow import parquet

    from reviewflow.reviews.parts import Index, PartInfo

    infos, record = [], 2
    for part in parts:
        count = parquet.read_metadata(part / "reviews.parquet").num_rows
        infos.append(PartInfo(rows=count, file=0, digests={}, runs=((0, record),)))
        record += count
    return Index(tuple(infos))
