"""Quotes that are characters, beside pandas and the csv module."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewflow.config.sections import Ingest
from reviewflow.errors import InputError
from reviewflow.reviews.csv_file import csv_batches
from reviewflow.reviews.detection.file_format import find_format
from reviewflow.reviews.text_file import TextFile


def read(path: Path, **ingest: object) -> list[tuple[str, ...]]:
    source = TextFile(path, Ingest.model_validate({"path": str(path), **ingest}))
    batches = list(csv_batches(source, None, 64))
    return [row for batch in batches for row in zip(*(c.to_pylist() for c in batch), strict=True)]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n\t"), max_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_without_quoting_every_line_is_a_record(
    tmp_path: Path, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path / "a.tsv"
    lines = [f"{first}\t{second}\n" for first, second in rows]
    path.write_bytes("".join(["text\tlabel\n", *lines]).encode())
    reader = csv.reader(io.StringIO("".join(lines)), delimiter="\t", quoting=csv.QUOTE_NONE)
    assert read(path, quoting=False) == [tuple(row) for row in reader]


def test_a_quote_between_tabs_swallows_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    rows = [('"So good', "1"), ("bad", "0"), ('"dull', "0"), ('a "fine" one', "1")]
    path.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows))
    with pytest.raises(InputError, match=r"after record 1 a quote opens .* ingest\.quoting: false"):
        read(path)
    assert read(path, quoting=False) == rows
    expected = pd.read_csv(path, sep="\t", quoting=csv.QUOTE_NONE, dtype=str)
    assert read(path, quoting=False) == [*expected.itertuples(index=False, name=None)]
    assert not find_format(path).quoting


def test_a_quote_that_ends_in_the_next_text_swallows_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,label\n"bad",0\n"open,1\n"good",1\n"a ""b"" c",0\n')
    with pytest.raises(InputError, match=r"record 3 goes on over lines .* It begins '\"open,1"):
        read(path)
    assert read(path, quoting=False)[1] == ('"open', "1")


@pytest.mark.parametrize("after", ["", " ", "\t"])
def test_text_after_quotes_of_one_line_is_read_as_pandas_does(tmp_path: Path, after: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'text,label\n"Alien" is great,1\n"two\n""lines"""{after},0\n')
    expected = pd.read_csv(path, dtype=str)
    assert read(path) == [*expected.itertuples(index=False, name=None)]


@pytest.mark.parametrize(
    "text",
    [
        'text\tlabel\n"two\nlines"\t1\nplain\t0\n',
        'text\tlabel\n"in quotes"\t1\n"a ""b"" c"\t0\n',
        'text,label\n"one, two\nthree, four",1\nplain,0\n',
    ],
)
def test_quoted_cells_are_read_as_before(tmp_path: Path, text: str) -> None:
    path = tmp_path / ("a.tsv" if "\t" in text else "a.csv")
    path.write_text(text)
    expected = pd.read_csv(path, sep="\t" if "\t" in text else ",", dtype=str)
    assert read(path) == [*expected.itertuples(index=False, name=None)]
    assert find_format(path).quoting
