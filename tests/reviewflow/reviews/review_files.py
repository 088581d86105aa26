"""Small files of reviews for the tests of this folder, and chunkers of small parts."""

import csv
from pathlib import Path

from hypothesis import HealthCheck, settings

from reviewflow.config.sections import Ingest
from reviewflow.reviews.chunking import Chunker

SMALL = Chunker(fewest_rows=4, most_rows=32, one_row_in=16)
MIDDLE = Chunker(fewest_rows=32, most_rows=256, one_row_in=128)
QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def settings_for(path: Path, rows, **changes) -> Ingest:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    labels = {"bad": 0, "good": 1}
    return Ingest(
        path=str(path),
        **{"text_column": "text", "label_column": "label", "labels": labels, **changes},
    )


def numbered(count: int) -> list[tuple[str, str]]:
    return [(f"review {number}", ("bad", "good")[number % 2]) for number in range(count)]
