"""The configuration says what was found, and what was unsure, in plain words."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.config.sections import Publish
from reviewflow.config.sentiment import validate_config
from reviewflow.config.strict_yaml import parse_yaml
from reviewflow.reviews.detection.detect import detect
from reviewflow.reviews.detection.draft import (
    draft_config,
    draft_summary,
    model_name,
    relative_path,
)
from tests.reviewflow.reviews.detection.files import csv_bytes, table, utf16_tabs, write


def test_the_draft_of_a_plain_file(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", csv_bytes(["text", "stars"], table([1, 5], 80, [5])))
    assert (
        draft_config(detect(path), "a.csv").partition("\n\n")[2]
        == """\
ingest:
  path: "a.csv"
  encoding: utf-8
  delimiter: ","
  text_column: "text"
  label_column: "stars"
  # the class of each word
  labels:
    "1": 0  # negative
    "5": 1  # positive

# The best model is published, so that `reviewflow score` can score other files with it.
publish: {name: "a"}
"""
    )


@given(st.text(max_size=60))
def test_any_file_name_gives_a_name_for_its_model(name: str) -> None:
    assert Publish(name=model_name(name)).name
    assert model_name("My Reviews (2).csv") == "my-reviews-2"


def test_the_summary_says_what_each_class_holds(tmp_path: Path) -> None:
    summary = draft_summary(detect(write(tmp_path, "a.tsv", utf16_tabs())))
    assert summary[0].endswith("a.tsv: 200 rows, utf-16, cells separated by tabs")
    assert summary[1:] == [
        'text     "Text", 13 words on average',
        'label    "Sentiment"',
        "class 0  Negative (100 rows)",
        "class 1  Positive (100 rows)",
    ]


def test_words_of_a_class_are_told_apart(tmp_path: Path) -> None:
    rows = table(["Good", " good", "bad"], 300)
    found = detect(write(tmp_path, "a.csv", csv_bytes(["text", "label"], rows)))
    assert draft_summary(found)[3:5] == [
        "class 0  bad, negative (100 rows)",
        'class 1  Good, " good", positive (200 rows)',
    ]
    rows = table(["1,0", "5,0"], 80)
    found = detect(write(tmp_path, "b.csv", csv_bytes(["text", "stars"], rows)))
    assert draft_summary(found)[3] == 'class 0  "1,0", negative (40 rows)'


def test_the_head_names_the_files_as_the_configuration_does(tmp_path: Path) -> None:
    (tmp_path / "daily").mkdir()
    write(tmp_path, "daily/a.csv", csv_bytes(["text", "stars"], table([1, 5], 80)))
    draft = draft_config(detect(str(tmp_path / "daily/*.csv")), "daily/*.csv")
    assert draft.startswith("# Written by `reviewflow init` for 80 rows of 'daily/*.csv'.\n")


def test_many_words_of_a_class_are_cut(tmp_path: Path) -> None:
    rows = table([f"{number / 10}" for number in range(0, 101, 2)], 400)
    found = detect(write(tmp_path, "a.csv", csv_bytes(["text", "score"], rows)))
    assert any("…, 4.0, negative (" in line for line in draft_summary(found))


def test_the_path_is_relative_to_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert relative_path(Path("data/a.csv"), Path("a.yaml")) == os.path.join("data", "a.csv")
    assert relative_path(Path("a.csv"), Path("jobs/a.yaml")) == os.path.join("..", "a.csv")


@pytest.mark.parametrize(
    ("text", "is_char"),
    [
        ("这家酒店的房间很干净，早餐也不错", True),
        ("この映画はとても面白かったです", True),
        ("หนังเรื่องนี้สนุกมาก", True),
        ("이 영화는 정말 재미있었어요", False),
        ("Очень хороший фильм, всем советую", False),
        ("a plain text of words with 好 in it", False),
    ],
)
def test_terms_of_scripts_without_spaces_are_of_characters(
    tmp_path: Path, text: str, is_char: bool
) -> None:
    rows = [[f"{text} {number}", "good" if number % 2 else "bad"] for number in range(80)]
    found = detect(write(tmp_path, "a.csv", csv_bytes(["text", "label"], rows)), "text")
    drafted = draft_config(found, "a.csv")
    config = validate_config(parse_yaml(drafted), "draft")
    assert config.vectorize.analyzer == ("char" if is_char else "word")
    assert config.normalize.reduce == ("none" if is_char else "lemma")
    assert any(line.startswith("terms ") for line in draft_summary(found)) == is_char
