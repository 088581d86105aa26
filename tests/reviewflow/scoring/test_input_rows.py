"""Errors of reading name what `reviewflow score` calls its options."""

from pathlib import Path
from typing import Any

import pytest

from reviewflow.config.sections import Ingest
from reviewflow.errors import InputError
from reviewflow.scoring.input_rows import open_input


def read(path: Path, **settings: Any) -> list[Any]:
    ingest = Ingest(path=str(path), text_column="text", **settings)
    return [value for batch in open_input(path, ingest).batches for value in batch["text"]]


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        (b"id;text\n1;a, b, c\n", {}, "separated by a semicolon; give --delimiter ';'."),
        (b"id\ttext\n1\ta, b\n", {}, "separated by a tab; give --delimiter tab."),
        (b"\xef\xbb\xbf\n\nid|text\n1|a, b\n", {}, "by a bar; give --delimiter '|'."),
        (b"id,text\n1,a\n", {"delimiter": ";"}, "separated by a comma; give --delimiter ,."),
        (b"id,text\n1,caf\xe9\n", {}, "it may be windows-1252: give --encoding windows-1252 if so"),
        ("id,text\n1,é\n".encode("utf-16"), {}, "give --encoding utf-16"),
        (b'id,text\n1,"open\n', {}, "or give --no-quoting if no cell is in quotes"),
        (b"text\na\n", {"delimiter": '"'}, "--delimiter '\"' cannot separate cells"),
        (b"text,text\na,b\n", {}, "has 2 columns 'text' to score; rename all but one."),
    ],
)
def test_errors_name_the_options_of_the_command(
    content: bytes, settings: dict[str, str], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(path, **settings)
    assert words in str(caught.value)
    assert "ingest." not in str(caught.value)
    assert "did you mean" not in str(caught.value)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nope\.csv; the input must name the reviews\.$"):
        read(tmp_path / "nope.csv")


@pytest.mark.parametrize("content", [b"sep=;\nid;text\n1;a, b\n", b'id,text\n1,"a, b"\n'])
def test_a_delimiter_that_fits_is_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    assert [str(value) for value in read(path)] == ["a, b"]


def test_a_single_column_may_have_a_delimiter_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("one; text\na\n", encoding="utf-8")
    ingest = Ingest(path=str(path), text_column="one; text")
    assert open_input(path, ingest).schema.names == ["one; text"]
