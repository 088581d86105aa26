"""What `init` finds is what a run reads: files of many kinds."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewflow.config.sections import Ingest
from reviewflow.config.sentiment import validate_config
from reviewflow.config.strict_yaml import parse_yaml
from reviewflow.errors import InputError
from reviewflow.reviews.classes import find_labels
from reviewflow.reviews.detection.detect import Detection, detect
from reviewflow.reviews.detection.draft import draft_config
from reviewflow.reviews.read import blocks
from reviewflow.reviews.source import with_labels
from tests.reviewflow.reviews.detection.files import (
    csv_bytes,
    parquet_bytes,
    sentence,
    several_words,
    stars_with_gaps,
    table,
    utf16_tabs,
    write,
)


def settings_of(path: Path) -> Ingest:
    """Return the settings that the written configuration holds."""
    text = draft_config(detect(path), str(path))
    return validate_config(parse_yaml(text), "draft").ingest


def rows_of(path: Path) -> list[int | None]:
    """Return the labels of the rows that a run reads with them."""
    ingest = settings_of(path)
    ingest = with_labels(ingest, find_labels(ingest))
    return [
        label
        for block in blocks(ingest, path, None)
        for label in block.rows.column("label").to_pylist()
    ]


def test_several_files_are_looked_at_together(tmp_path: Path) -> None:
    names, days = ["text", "mood"], ("monday.csv", "tuesday.csv")
    for day, mood in zip(days, ("good", "bad"), strict=True):
        rows = [[sentence(row, mood == "good"), mood] for row in range(20)]
        write(tmp_path, day, csv_bytes(names, rows))
    for named in (tmp_path, tmp_path / "*day.csv"):
        found = detect(named)
        assert (found.rows, found.files) == (40, 2)
        assert settings_of(named).path == str(named)
        assert found.labels.labels == {"bad": 0, "good": 1}
    write(tmp_path, "wednesday.csv", csv_bytes(["words", "mood"], [[sentence(1, True), "good"]]))
    with pytest.raises(InputError, match=r"wednesday\.csv has the columns 'words', 'mood' and"):
        detect(tmp_path)


def test_stars_with_gaps(tmp_path: Path) -> None:
    path = write(tmp_path, "stars.csv", stars_with_gaps())
    found = detect(path)
    assert (found.text.name, found.label.name) == ("Review Text", "Rating")
    assert found.group == "Product Name"
    text = draft_config(found, str(path))
    assert '# column "Rating" has 4 values; 3 (80 rows) is left out' in text
    ingest = settings_of(path)
    assert ingest.labels == {"1": 0, "2": 0, "5": 1}
    assert ingest.other_labels == "drop"
    assert rows_of(path).count(1) == 160
    assert rows_of(path).count(0) == 160


def test_words_in_utf_16_with_tabs(tmp_path: Path) -> None:
    path = write(tmp_path, "reviews.txt", utf16_tabs())
    ingest = settings_of(path)
    assert (ingest.encoding, ingest.delimiter) == ("utf-16", "\t")
    assert ingest.labels == {"Negative": 0, "Positive": 1}
    assert len(rows_of(path)) == 200


def test_several_classes_with_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    path = write(tmp_path, "k.csv", several_words())
    found = detect(path)
    assert (found.format.encoding, found.format.delimiter) == ("windows-1252", ";")
    assert found.format.doubt is not None
    assert settings_of(path).labels == "auto"
    assert sorted(set(rows_of(path))) == [0, 1, 2]  # type: ignore[type-var]


def test_parquet_with_numbers_and_columns_that_are_no_words(tmp_path: Path) -> None:
    rows = table([0, 1], 100, [1])
    columns = {
        "when": [[1, 2]] * 100,
        "text": [text for text, _ in rows],
        "label": [float(label) for _, label in rows],
    }
    path = write(tmp_path, "reviews.parquet", parquet_bytes(columns))
    ingest = settings_of(path)
    assert (ingest.text_column, ingest.label_column) == ("text", "label")
    assert ingest.labels == {"0": 0, "1": 1}
    assert len(rows_of(path)) == 100


def test_the_longer_of_two_texts_is_taken_and_the_other_told(tmp_path: Path) -> None:
    rows = [(f"{n} words of a summary", sentence(n, True), "ny"[n % 2]) for n in range(60)]
    found = detect(write(tmp_path, "two.csv", csv_bytes(["summary", "body", "ok"], rows)))
    assert found.text.name == "body"
    assert found.doubts["ingest.text_column"] == (
        'column "summary" holds text too; "body" was taken',
    )


def test_empty_labels_and_blank_texts_get_limits_that_the_checks_keep(tmp_path: Path) -> None:
    rows = table(["bad", "good", ""], 300, ["good"])
    rows = [("" if n % 9 == 0 else text, label) for n, (text, label) in enumerate(rows)]
    path = write(tmp_path, "gaps.csv", csv_bytes(["text", "label"], rows))
    text = draft_config(detect(path), str(path))
    limits = validate_config(parse_yaml(text), "draft").validate_.limits
    kept = rows_of(path)
    assert limits["max_unlabelled_share"] >= kept.count(None) / len(kept)
    assert limits["max_blank_share"] >= 34 / 300


def test_a_column_called_split_is_used_where_a_run_can_read_it(tmp_path: Path) -> None:
    rows = [(*pair, ("Train", "train", "test")[n % 3]) for n, pair in enumerate(table([0, 1]))]
    header = ["text", "label", "split"]
    good = write(tmp_path, "good.csv", csv_bytes(header, rows))
    config = validate_config(parse_yaml(draft_config(detect(good), str(good))), "draft")
    assert (config.split.method, config.split.column) == ("column", "split")
    rows[0] = (*rows[0][:2], "dev")
    other = write(tmp_path, "other.csv", csv_bytes(header, rows))
    found = detect(other)
    assert found.split is None
    assert '"dev"' in found.doubts["split"][0]
    assert '# column "split" holds' in draft_config(found, str(other))


def test_names_and_words_are_quoted_as_yaml_reads_them(tmp_path: Path) -> None:
    header = ["My: text # 'x'", "label\n2"]
    rows = table(["no: 1 #", 'the "other"'], 60, ["no: 1 #"])
    path = write(tmp_path, "odd.csv", csv_bytes(header, rows))
    ingest = settings_of(path)
    assert [ingest.text_column, ingest.label_column] == header
    assert set(ingest.labels) == {"no: 1 #", 'the "other"'}


def test_a_named_column_goes_first(tmp_path: Path) -> None:
    path = write(tmp_path, "stars.csv", stars_with_gaps())
    found = detect(path, text_column="Title", label_column="store_id")
    assert (found.text.name, found.label.name) == ("Title", "store_id")
    with pytest.raises(InputError, match=r"has no column 'rating'; did you mean 'Rating'\?"):
        detect(path, label_column="rating")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_json_lines_are_found_packed_or_not(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": n, "text": text, "stars": star, "tags": ["a"], "late": None})
        for n, (text, star) in enumerate(table([1, 2, 3, 5, 5], 400, [5]))
    ]
    path = write(tmp_path, "reviews", pack("\n".join(lines).encode("utf-16")))
    ingest = settings_of(path)
    assert (ingest.text_column, ingest.label_column) == ("text", "stars")
    assert ingest.encoding == "utf-16"
    assert ingest.labels == {"1": 0, "2": 0, "5": 1}
    assert rows_of(path).count(1) == 160


REFUSED = {
    "one JSON value": (b'[{"text": "a b", "label": 1}]\n', "is one JSON value"),
    "gzip": (b"\x1f\x8b\x08\x00", "cannot be decompressed"),
    "no archive": (b"PK\x03\x04", "cannot be decompressed"),
    "no rows": (b"text,label\n", "has a header but no rows"),
    "no label": (csv_bytes(["text"], [[sentence(n, True)] for n in range(30)]), "the label of"),
    "no text": (b"a,b\n1,2\n3,4\n", "looks like the text of reviews"),
    "one label": (
        csv_bytes(["text", "sentiment"], table(["good"], 30)),
        "no column looks like the label",
    ),
    "no header": (csv_bytes([sentence(0, True), "0"], table([0, 4])), "seems to have no header"),
    "ragged": (b"text,label\na b c,1,2\nb c d,1,2\n", "record 2 has 3 cells"),
    "NUL": (b"text,label\na\0b,1\n", "NUL byte in record 2"),
    "empty": (b"", "is empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_one_sentence(name: str, tmp_path: Path) -> None:
    content, words = REFUSED[name]
    with pytest.raises(InputError, match=words) as caught:
        detect(write(tmp_path, "reviews.csv", content))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_more_labels_than_a_run_takes_are_refused(tmp_path: Path) -> None:
    rows = table([f"shop {n}" for n in range(101)], 303, ["shop 1"])
    path = write(tmp_path, "shops.csv", csv_bytes(["text", "shop"], rows))
    with pytest.raises(InputError, match=r"'shop' holds 101 different labels, .* 100 classes"):
        detect(path, label_column="shop")


def test_a_column_of_one_label_that_is_named_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "one.csv", csv_bytes(["text", "mood"], table(["good"], 30)))
    with pytest.raises(InputError, match="holds 'good' alone"):
        detect(path, label_column="mood")


WORDS = st.sampled_from(
    (("0", "1"), ("1", "2", "4", "5"), ("neg", "pos"), ("no", "yes"), ("bad", "ok", "good"))
)
FILLERS = {
    "id": lambda number: number,
    "date": lambda number: f"2024-01-{number % 28 + 1:02} 10:00",
    "user_id": lambda number: f"U{number}",
    "url": lambda number: f"https://example.org/a/very/long/path/to/review/{number}",
    "helpful_votes": lambda number: number * 7 % 11,
    "country": lambda number: ["DE", "FR"][number % 2],
    "verified": lambda number: number % 2 == 0,
    "price": lambda number: f"{number % 90}.99",
}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.sampled_from(("text", "Review Text", "reviewBody", "comment", "meinung")),
    label=st.sampled_from(("label", "Sentiment", "star_rating", "Score")),
    words=WORDS,
    fillers=st.lists(st.sampled_from(sorted(FILLERS)), unique=True, max_size=5),
    delimiter=st.sampled_from((",", "\t", ";", "|")),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-16-le")),
    rows=st.integers(40, 120),
    random=st.randoms(),
)
def test_known_columns_are_found(
    tmp_path: Path,
    text: str,
    label: str,
    words: tuple[str, ...],
    fillers: list[str],
    delimiter: str,
    encoding: str,
    rows: int,
    random: Any,
) -> None:
    columns: dict[str, list[Any]] = {
        text: [sentence(number, number % 2 == 0) for number in range(rows)],
        label: [words[number % len(words)] for number in range(rows)],
        **{name: [FILLERS[name](number) for number in range(rows)] for name in fillers},
    }
    names = list(columns)
    random.shuffle(names)
    content = csv_bytes(
        names, [[columns[name][row] for name in names] for row in range(rows)], delimiter, encoding
    )
    path = write(tmp_path, "reviews.csv", content)
    found: Detection = detect(path)
    assert (found.text.name, found.label.name) == (text, label)
    assert found.format.delimiter == delimiter
    assert found.rows == rows
    assert len(rows_of(path)) == rows
