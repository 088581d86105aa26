"""mistakes.csv has each wrong test row once, with its text and record."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from reviewflow.reporting.examples.errors import describe_errors, judge_rows, write_mistakes
from reviewflow.reviews.parts import Index
from tests.reviewflow.reporting.example import TWO, Example, example

COSTS = {"false_positive": 1.0, "false_negative": 1.0}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return example(tmp_path_factory.mktemp("run"), {"relu": "a"}, rows=900)


def wrong_rows(made: Example) -> pd.DataFrame:
    """The wrong test rows as pandas finds them, with their records."""
    table = pq.read_table(made.inputs["evaluations"][0] / "predictions.parquet").to_pandas()
    parts = [pq.read_table(part / "reviews.parquet") for part in made.inputs["reviews"]]
    table["text"] = np.concatenate([part["text"].to_numpy() for part in parts])
    table["record"] = np.arange(len(table)) + 2
    table["predicted"] = (table["probability"] > 0.5).astype(int)
    test = table[(table["split"] == "test") & table["label"].notna()]
    return test[test["label"] != test["predicted"]]


def test_the_mistakes_are_listed_surest_first(made: Example, tmp_path: Path) -> None:
    index, reviews = made.inputs["index"], made.inputs["reviews"]
    judged = judge_rows(made.inputs["evaluations"][0], index, 0.5)
    write_mistakes(tmp_path / "m.csv", judged, reviews, index, TWO)
    with (tmp_path / "m.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    expected = wrong_rows(made)
    assert {int(row["record"]): row["text"] for row in found} == dict(
        zip(expected["record"], expected["text"], strict=True)
    )
    assert len(found) == len(expected) > 10
    odds = [float(row["probability"]) for row in found]
    assert odds == sorted(odds, reverse=True)
    assert min(odds) >= 0.5
    assert {(row["label"], row["predicted"]) for row in found} <= {TWO, TWO[::-1]}
    assert (made.charts / "mistakes.csv").read_bytes() == (tmp_path / "m.csv").read_bytes()


def test_errors_are_counted_by_length_and_by_file(made: Example, tmp_path: Path) -> None:
    index, reviews = made.inputs["index"], made.inputs["reviews"]
    judged = judge_rows(made.inputs["evaluations"][0], index, 0.5)
    expected = wrong_rows(made)
    errors = describe_errors(judged, reviews, index, 0.5, COSTS)
    assert sum(one["errors"] for one in errors["length"]) == len(expected) == errors["listed"]
    assert errors["file"] == []
    for one in errors["length"]:
        lengths = expected["text"].str.len()
        assert lengths.between(one["shortest"], one["longest"]).sum() == one["errors"]

    first, second = index.parts
    several = Index((first, replace(second, file=1)), files=("jan.csv", "feb.csv"), main_files=2)
    by_file = describe_errors(judged, reviews, several, 0.5, COSTS)["file"]
    early = (expected["record"] < first.rows + 2).sum()
    assert [(one["file"], one["errors"]) for one in by_file] == [
        ("jan.csv", early),
        ("feb.csv", len(expected) - early),
    ]
    write_mistakes(tmp_path / "m.csv", judged, reviews, several, TWO)
    assert pd.read_csv(tmp_path / "m.csv")["file"].value_counts()["jan.csv"] == early


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str, made: Example, tmp_path: Path) -> None:
    index, reviews = made.inputs["index"], made.inputs["reviews"]
    judged = judge_rows(made.inputs["evaluations"][0], index, 0.5)
    write_mistakes(tmp_path / "m.csv", judged, reviews, index, (text, text))
    with (tmp_path / "m.csv").open(encoding="utf-8", newline="") as file:
        assert {row["label"] for row in csv.DictReader(file)} == {f"'{text}"}
