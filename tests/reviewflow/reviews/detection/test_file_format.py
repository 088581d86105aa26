"""Encodings and delimiters are found, and other kinds of files are named."""

import os
from pathlib import Path

import pytest

from reviewflow.errors import InputError
from reviewflow.reviews.compression import OTHER_FORMATS
from reviewflow.reviews.detection.file_format import find_format
from tests.reviewflow.reviews.detection.files import write

LINE = "Ein schöner Film über Köln, très bien\tgut\n"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("latin-1", "windows-1252"),
    ],
)
def test_the_encoding_is_found(encoding: str, expected: str, tmp_path: Path) -> None:
    text = "text\tlabel\n" + LINE * 50
    found = find_format(write(tmp_path, "a.csv", text.encode(encoding)))
    assert found.encoding == expected
    assert found.delimiter == "\t"
    assert (found.doubt is None) == (expected != "windows-1252")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "酒店很好，我们的房间不在一楼，服务是很好的"),
        ("big5", "飯店很好，我們的房間不在一樓，這個服務是很好的"),
        ("cp932", "ホテルはとてもよかったです、また行きたいと思います"),
        ("cp949", "호텔이 정말 좋았습니다 다시 가고 싶습니다"),
        ("euc_jp", "ホテルはとてもよかったです、また行きたいと思います"),
        ("koi8-r", "Очень хороший отель, нам всё понравилось"),
        ("windows-1251", "Очень хороший отель, нам всё понравилось"),
    ],
)
def test_other_scripts_are_guessed(encoding: str, text: str, tmp_path: Path) -> None:
    content = ("text,label\n" + f'"{text}",1\n' * 20).encode(encoding)
    found = find_format(write(tmp_path, "a.csv", content))
    assert found.encoding == encoding
    assert "guess" in str(found.doubt)


def test_a_byte_far_behind_counts(tmp_path: Path) -> None:
    content = b"text,label\n" + b"plain words,1\n" * 100_000 + b"caf\xe9,1\n"
    assert find_format(write(tmp_path, "a.csv", content)).encoding == "windows-1252"


def test_a_comma_in_the_text_is_not_the_delimiter(tmp_path: Path) -> None:
    text = "text;price;label\n" + "one, two, three;4,5;good\n" * 30
    assert find_format(write(tmp_path, "a.csv", text.encode())).delimiter == ";"
    single = "text\n" + "one, two, three\n" * 30
    assert find_format(write(tmp_path, "b.tsv", single.encode())).delimiter == "\t"


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is not a regular file"):
        find_format(tmp_path / "pipe")


@pytest.mark.parametrize(("magic", "kind"), OTHER_FORMATS)
def test_another_kind_of_file_is_named(magic: bytes, kind: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"is {kind}"):
        find_format(write(tmp_path, "a.csv", magic + b" and more"))


def test_a_first_line_that_names_the_delimiter_is_believed(tmp_path: Path) -> None:
    text = "sep=^\ntext^label\n" + "one, two; three^good\n" * 30
    assert find_format(write(tmp_path, "a.csv", text.encode())).delimiter == "^"
