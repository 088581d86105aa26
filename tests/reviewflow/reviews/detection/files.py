"""Make files of reviews of many kinds."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MIDDLE = ["the", "film", "that", "we", "saw", "last", "week", "was"]
MOODS = (["dull", "awful", "boring", "sad"], ["great", "lovely", "superb", "happy"])


def sentence(number: int, is_good: bool) -> str:
    """Return a review that nobody wrote, no text twice."""
    words = MOODS[is_good]
    return f"{' '.join(MIDDLE)} {words[number % 4]} and {words[number // 4 % 4]}, take {number}"


def table(
    labels: Sequence[Any], rows: int = 200, good: Sequence[Any] = ()
) -> list[tuple[str, Any]]:
    """Return texts with labels in turn; those of ``good`` labels are good."""
    cells = [(number, labels[number % len(labels)]) for number in range(rows)]
    return [(sentence(number, label in good), label) for number, label in cells]


def csv_bytes(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    delimiter: str = ",",
    encoding: str = "utf-8",
) -> bytes:
    """Return rows as the bytes of a delimited file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode(encoding)


def write(folder: Path, name: str, content: bytes) -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(content)
    return path


def stars_with_gaps() -> bytes:
    """Stars 1, 2, 3 and 5, a product, an id of few values, quotes and line breaks."""
    rows = [
        [
            number,
            f"product {number % 40}",
            f'{text}, "said"\nsomebody',
            "A title here",
            star,
            number % 3,
        ]
        for number, (text, star) in enumerate(table([1, 2, 3, 5, 5], 400, [5]))
    ]
    return csv_bytes(["", "Product Name", "Review Text", "Title", "Rating", "store_id"], rows)


def utf16_tabs() -> bytes:
    """Words of mood in UTF-16 with tabs."""
    rows = table(["Positive", "Negative"], 200, ["Positive"])
    return csv_bytes(["Text", "Sentiment"], rows, "\t", "utf-16")


def several_words() -> bytes:
    """Three topics, semicolons, decimal commas, Latin-1."""
    rows = [
        [f"Schön: {text}", "4,5", word]
        for text, word in table(["Sport", "Politik", "Kultur"], 300, ["Sport"])
    ]
    return csv_bytes(["beschreibung", "preis", "thema"], rows, ";", "latin-1")


def parquet_bytes(columns: dict[str, Any]) -> bytes:
    """Return columns as the bytes of a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()
