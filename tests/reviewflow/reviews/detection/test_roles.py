"""The columns of published review files get their roles."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pytest

from reviewflow.reviews.detection.column_stats import column_stats
from reviewflow.reviews.detection.roles import (
    choose_group,
    choose_label,
    choose_split,
    choose_text,
    kind_of_numbers,
    name_words,
)

ROWS = 400
Cell = Callable[[int], Any]


def words(count: int) -> Cell:
    return lambda row: " ".join(["word"] * (count - 1) + [f"n{row}"])


def one_of(*values: Any) -> Cell:
    return lambda row: values[row * 7 % len(values)]


def code(letter: str, values: int = ROWS) -> Cell:
    return lambda row: f"{letter}{row % values}"


REVIEW_SITE = {
    "review_id": code("r"),
    "user_id": code("u", 200),
    "business_id": code("b", 50),
    "stars": one_of(1, 2, 3, 4, 5),
    "useful": one_of(0, 1, 2, 3),
    "funny": one_of(0, 1),
    "text": words(40),
    "date": lambda row: f"2015-02-{row % 28 + 1:02} 10:00:00",
}
TWEETS = {
    "tweet_id": code(""),
    "airline_sentiment": one_of("negative", "neutral", "positive"),
    "airline_sentiment_confidence": lambda row: f"0.{row}",
    "negativereason": one_of("", "Late Flight", "Lost Luggage"),
    "airline": one_of("United", "Delta"),
    "airline_sentiment_gold": lambda row: "negative" if row % 100 == 0 else "",
    "text": words(18),
    "user_timezone": one_of("Eastern Time (US & Canada)", ""),
}
CLOTHES = {
    "": code(""),
    "Clothing ID": code("", 60),
    "Age": lambda row: 20 + row % 50,
    "Title": words(4),
    "Review Text": words(50),
    "Rating": one_of(1, 2, 3, 4, 5),
    "Recommended IND": one_of(0, 1),
    "Class Name": one_of("Dresses", "Pants", "Knits"),
}
HOTELS = {
    "Hotel_Name": code("Hotel ", 30),
    "Average_Score": one_of(8.1, 7.2, 9.0),
    "Reviewer_Score": lambda row: row % 80 / 10 + 2,
    "Review": words(30),
}
NEWS = {"Class Index": one_of(1, 2, 3, 4), "Title": words(6), "Description": words(30)}
CHINESE = {"label": one_of(0, 1), "review": lambda row: "酒店很好服务不错" * 3 + str(row)}
MESSAGES = {"v1": one_of("ham", "spam"), "v2": words(15)}


@pytest.mark.parametrize(
    ("cells", "text", "label", "group"),
    [
        (REVIEW_SITE, "text", "stars", "business_id"),
        (TWEETS, "text", "airline_sentiment", None),
        (CLOTHES, "Review Text", "Rating", "Clothing ID"),
        (HOTELS, "Review", "Reviewer_Score", "Hotel_Name"),
        (NEWS, "Description", "Class Index", None),
        (CHINESE, "review", "label", None),
        (MESSAGES, "v2", "v1", None),
    ],
)
def test_each_column_gets_its_role(
    cells: Mapping[str, Cell], text: str, label: str, group: str | None
) -> None:
    rows = range(ROWS)
    arrays = [pa.array([str(cell(row)) for row in rows]) for cell in cells.values()]
    batch = pa.RecordBatch.from_arrays(arrays, names=list(cells))
    columns = column_stats([batch.slice(0, 100), batch.slice(100)])
    assert choose_text(columns).name == text
    others = [each for each in columns if each.name != text]
    assert choose_label(others).name == label
    rest = [each for each in others if each.name != label]
    assert choose_group(rest)[0].name == group
    assert choose_split(rest) == (None, None)


def test_statistics_count_rows_and_values() -> None:
    cells = pa.array(["a b", "", None, " ", "a b", "ccc"])
    batch = pa.RecordBatch.from_arrays([cells, cells, cells], names=["x", "twice", "twice"])
    (found,) = column_stats([batch, batch])
    assert (found.rows, found.filled) == (12, 6)
    assert found.counts == {"a b": 4, " ": 2, "ccc": 2}
    assert found.values == ("a b", "ccc")
    assert (found.characters, found.words) == (3, 10 / 6)


def test_names_are_read_as_words() -> None:
    assert name_words("reviewText") == {"review", "text"}
    assert name_words("HTML_Body 2") == {"html", "body", "2"}
    assert kind_of_numbers("star_rating") == "ratings"
    assert kind_of_numbers("Class Index") == "classes"
    assert kind_of_numbers("label") == "unknown"
