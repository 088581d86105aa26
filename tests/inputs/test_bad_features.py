"""Fail every expectation of the shipped suite of features in a real job.

The artifacts are whole by their manifests. Where the severities are warnings the same data pass,
and run.json lists the failures.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from flows.commands.main import main
from reviewflow.config.sentiment import read_config
from reviewflow.jobs.sentiment_summary import summary
from reviewflow.quality.feature_frames import FEATURE_COLUMNS, feature_frames, part_figures
from reviewflow.quality.suites import read_suite
from reviewflow.quality.validation import run_suite
from reviewflow.reporting.page.html import html_page
from tests.conftest import plan_and_run
from tests.inputs.tampering import (
    SUITES,
    TERMS,
    WORKS,
    Base,
    Check,
    CheckResults,
    Place,
    Rows,
    assert_reported,
    check_data,
    failures,
    in_table,
    label,
    not_failed,
    tamper,
)


def first_value(value: float) -> Callable[[Rows], Any]:
    """Change the first value of row 2."""

    def change(rows: Rows) -> None:
        rows[2]["values"][0] = value

    return change


def term_without_values(rows: Rows) -> None:
    """Leave the first term of row 2 without a finite value in the part."""
    index = rows[2]["indices"][0]
    for row in rows:
        row["values"] = [
            math.nan if own == index else value
            for own, value in zip(row["indices"], row["values"], strict=True)
        ]


def index_beyond(rows: Rows) -> None:
    rows[3]["indices"][-1] = TERMS + 5


def unpaired(rows: Rows) -> None:
    rows[4]["values"].pop()


def four_of_a_class(rows: Rows) -> None:
    for place, row in enumerate(rows):
        row["label"] = int(place >= 4)


def quarter(rows: Rows) -> None:
    for place, row in enumerate(rows):
        row["label"] = int(place % 4 == 0)


def emptied(share: float) -> Callable[[Rows], Any]:
    def change(rows: Rows) -> None:
        for row in rows[: round(share * len(rows))]:
            row.update(indices=[], values=[])

    return change


@dataclass(frozen=True)
class Fault:
    """A change of the features of parts, the expectations that fail, and words of the table.

    Attributes
    ----------
    failures : (frame, column) of the expectations that fail with severity error.
    """

    change: Callable[[Rows], Any]
    failures: set[Place]
    words: tuple[str, ...]
    parts: tuple[int, ...] = (1,)
    warned: set[Place] = field(default_factory=set)


FAULTS = {
    "a value of 1.5": Fault(
        first_value(1.5), {("features", "maximum")}, ("between 0 and 1", "maximum 1.5", "feature ")
    ),
    "a value of -0.1": Fault(
        first_value(-0.1), {("features", "minimum")}, ("minimum -0.1", "feature ")
    ),
    "not a number": Fault(
        first_value(math.nan), {("features", "not_finite")}, ("not_finite 1", "feature ")
    ),
    "infinity": Fault(
        first_value(math.inf), {("features", "not_finite")}, ("not_finite 1", "feature ")
    ),
    "a term without values": Fault(
        term_without_values,
        {("features", "not_finite"), ("features", "minimum"), ("features", "maximum")},
        ("minimum missing", "maximum missing", "filled in every row"),
        (0, 1),
    ),
    "a label 2": Fault(
        label(2), {("rows", "outside_classes")}, ("part 1, row 7, outside_classes true",)
    ),
    "an index beyond the vocabulary": Fault(
        index_beyond, {("rows", "outside_vocabulary")}, ("part 1, row 3, outside_vocabulary 1",)
    ),
    "a value too few": Fault(unpaired, {("rows", "unpaired")}, ("part 1, row 4, unpaired true",)),
    "four test rows of a class": Fault(
        four_of_a_class,
        {("labels", "rows")},
        (
            "label 0, class negative, split test, rows 4, share 0.1",
            "validate.limits.min_rows_per_class: 5",
        ),
    ),
    "a rare class": Fault(quarter, set(), (), (0, 1), {("labels", "balance")}),
    "an empty part": Fault(
        lambda rows: rows.clear(),
        {("parts", "rows"), ("labels", "rows")},
        ("part 1, rows 0", "No part is empty"),
    ),
    "no rows at all": Fault(
        lambda rows: rows.clear(),
        {("parts", "rows"), ("labels", "rows"), ("rows", None), ("features", None)},
        ("number of rows at least 1", "There are rows"),
        (0, 1),
    ),
    "most rows empty": Fault(
        emptied(0.6),
        {("rows", "empty")},
        ("part 0, row 0, empty true", "at least 50 %"),
        (0, 1),
        {("rows", "empty")},
    ),
    "a tenth of the rows empty": Fault(emptied(0.1), set(), (), (0, 1), {("rows", "empty")}),
    "a row without a label": Fault(label(None), set(), (), (1,), {("rows", "label")}),
}


@pytest.fixture(scope="module")
def check(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Return the results of a fault of the features. Each is checked once."""
    known: dict[str, CheckResults] = {}

    def of(name: str) -> CheckResults:
        if name not in known:
            fault, artifacts = FAULTS[name], base.copy(tmp_path_factory.mktemp("tampered"))
            for part in fault.parts:
                tamper(artifacts, "features", "features.parquet", part, fault.change)
            known[name] = check_data(
                base.strict, base.lenient, artifacts, "features", bool(fault.failures)
            )
        return known[name]

    return of


@pytest.mark.parametrize("name", FAULTS)
def test_bad_features_are_not_trained_on(name: str, check: Check) -> None:
    fault = FAULTS[name]
    assert_reported(check(name), fault.failures, fault.warned, fault.words)


def test_features_that_only_warn_are_trained_on_and_in_the_report(
    base: Base, tmp_path: Path
) -> None:
    artifacts = base.copy(tmp_path)
    tamper(artifacts, "features", "features.parquet", 1, first_value(1.5))
    done = plan_and_run(base.lenient, artifacts, WORKS)
    assert "train[default]" in done.ran
    found = summary(done.run, read_config(base.lenient), tmp_path / "report.html")
    page = html_page({"run_id": "r", "job": "sentiment", "state": "completed", **found}, None)
    assert "Maximum between 0 and 1 in every row" in page
    assert "1 warning" in page


@pytest.mark.parametrize("name", ["a value of 1.5", "an empty part"])
def test_the_command_ends_with_exit_code_3_and_the_table(
    name: str, base: Base, tmp_path: Path, prefect_api: str
) -> None:
    fault, artifacts = FAULTS[name], base.copy(tmp_path)
    for part in fault.parts:
        tamper(artifacts, "features", "features.parquet", part, fault.change)
    arguments = ["run", "--config", str(base.strict), "--artifacts", str(artifacts)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 3, result.output
    assert result.stderr.startswith("Error: The features failed ")
    assert [word for word in fault.words if not in_table(word, result.stderr)] == []
    assert "Traceback" not in result.output + result.stderr
    assert not (artifacts / "store" / "train").exists()


GUARDS: list[Place] = [
    ("parts", None),
    ("parts", "rows"),
    ("labels", None),
    ("labels", "rows"),
    ("labels", "balance"),
]


def test_every_expectation_of_the_features_fails_somewhere(check: Check) -> None:
    """No data can fail the guards, since the frames always meet them (see below)."""
    suite = read_suite(SUITES / "features.yaml", FEATURE_COLUMNS)
    failed = set().union(*(check(name).failed for name in FAULTS))
    assert not_failed(suite, failed) == GUARDS


def test_the_guards_fail_on_frames_that_the_pipeline_does_not_make() -> None:
    """They are there for the day on which the frames change."""
    suite = read_suite(SUITES / "features.yaml", FEATURE_COLUMNS)
    rows = {"label": [0, 1], "split": ["train", "test"], "indices": [[0], [1]]}
    kinds = [("label", pa.int8()), ("split", pa.string()), ("indices", pa.list_(pa.int32()))]
    table = pa.table({**rows, "values": [[1.0], [1.0]]}, pa.schema([*kinds, VALUES]))
    frames = feature_frames([part_figures(table, 2)], ("a", "b"), ("c", "d"))
    labels = frames["labels"].table
    labels.loc[0, ["rows", "balance"]] = math.nan
    labels.loc[0, "even_rows"] = 50.0
    frames["labels"] = replace(frames["labels"], table=labels.drop(index=5))
    frames["parts"].table.loc[0, "rows"] = math.nan
    failed = failures(run_suite(suite, frames)[0]["results"], "error")
    assert set(GUARDS[1:]) <= failed
    frames = feature_frames([], ("a", "b"), ("c", "d"))
    assert ("parts", None) in failures(run_suite(suite, frames)[0]["results"], "error")


VALUES = ("values", pa.list_(pa.float32()))
