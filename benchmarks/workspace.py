"""Prepare real reviews once, in a temporary folder for the benchmarks."""

import csv
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchmarks.measuring import fresh, report_progress
from benchmarks.stages import prepare_features, prepare_parts
from benchmarks.varied import varied_reviews, write_reviews
from reviewflow.reviews.datasets import prepare_imdb_reviews

QUICK_REVIEWS = 600
TABLE_ROWS = 50_000  # as many as the write-up's
QUICK_TABLE_ROWS = 1_000


@dataclass(frozen=True)
class Workspace:
    """A temporary folder, and how much is measured.

    Attributes
    ----------
    folder : temporary, removed at the end.
    runs : how often everything is measured.
    quick : take a few hundred reviews and steps, to test the benchmarks themselves.
    tables : in Markdown, those that a benchmark adds to the one of all benchmarks.
    """

    folder: Path
    runs: int
    quick: bool
    tables: list[str] = field(default_factory=list)

    @cached_property
    def reviews_path(self) -> Path:
        """A CSV of the 25,000 IMDB reviews, or of some with both labels."""
        whole = prepare_imdb_reviews(self.folder)
        return evenly_spaced(whole, QUICK_REVIEWS) if self.quick else whole

    @cached_property
    def table_path(self) -> Path:
        """A CSV of 50,000 reviews: the 25,000 and variations of them."""
        path = self.folder / "table.csv"
        rows = QUICK_TABLE_ROWS if self.quick else TABLE_ROWS
        write_reviews(path, varied_reviews(self.reviews_path, rows))
        return path

    @cached_property
    def parts(self) -> Path:
        """A folder with the parts that the stage ingest makes of the reviews."""
        report_progress("preparing the reviews")
        folder = self.folder / "parts"
        fresh(prepare_parts, reviews_path=self.table_path, folder=folder)
        return folder

    @cached_property
    def features(self) -> Path:
        """A folder with the TF-IDF features of the parts and the vocabulary."""
        report_progress("preparing the features")
        folder = self.folder / "features"
        fresh(prepare_features, parts=self.parts, folder=folder)
        return folder


def evenly_spaced(path: Path, rows: int) -> Path:
    """Write a CSV of ``rows`` rows spread evenly over ``path``."""
    target = path.with_name("some_reviews.csv")
    with path.open(encoding="utf-8", newline="") as file:
        head, *records = csv.reader(file)
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *records[:: len(records) // rows][:rows]])
    return target
