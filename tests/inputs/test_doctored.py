"""Every expectation of the shipped suites fails through the real job, on artifacts that are whole.

    reviews ─ ingest ─ … ─ features ─ doctored and sealed again ─▶ check ─▶ QualityError, a table

The same data pass where the severities are warnings, and the failures stand in run.json's entries.
"""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewflow.errors import QualityError
from reviewflow.keys import digest_of
from reviewflow.quality.feature_frames import FEATURE_COLUMNS, feature_frames, part_figures
from reviewflow.quality.suites import Expectation, Suite, read_suite
from reviewflow.quality.validation import validated
from reviewflow.reviews.written import written_digests
from reviewflow.summary import quality_entries
from tests.conftest import ROOT, performed, small_config, write_config
from tests.inputs.bench import csv_text, made_up
from tests.reviewflow.quality.conftest import all_warnings

SUITES = ROOT / "configs" / "expectations"
CHECKS = ("suites", "ingest", "validate reviews")
WORKS = (*CHECKS, "normalize", "vectorize", "validate features", "train")
TEST_ROWS, TERMS = 40, 300
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Base:
    """A job done as far as its features, with two configurations that differ in severities."""

    folder: Path
    strict: Path
    lenient: Path

    def copy(self, folder: Path) -> Path:
        """Its artifacts, to be doctored."""
        return Path(shutil.copytree(self.folder / "artifacts", folder / "artifacts", symlinks=True))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """160 reviews: a part of 120 training rows, a part of 40 test rows."""
    folder = tmp_path_factory.mktemp("base")
    content = small_config(folder / "reviews.csv")
    del content["variants"]
    content["ingest"]["test_path"] = str(folder / "test.csv")
    for name, rows in (("reviews", made_up(120)), ("test", made_up(TEST_ROWS, first=1000))):
        (folder / f"{name}.csv").write_text(csv_text(rows), encoding="utf-8", newline="")
    strict = write_config(folder / "strict.yaml", content)
    content["validate"] = {
        name: str(all_warnings(SUITES / f"{name}.yaml", folder)) for name in ("reviews", "features")
    }
    lenient = write_config(folder / "lenient.yaml", content)
    for config in (strict, lenient):
        performed(config, folder / "artifacts", WORKS[:-1])
    return Base(folder, strict, lenient)


def doctor(
    artifacts: Path, stage: str, name: str, part: int, change: Callable[[Rows], Any]
) -> None:
    """Change the rows of one part's artifact, and seal it again so that it is whole."""
    folders = {
        pq.read_metadata(path).num_rows == TEST_ROWS: path.parent
        for path in (artifacts / "store" / stage).glob(f"*/{name}")
    }
    folder = folders[part == 1]
    table = pq.read_table(folder / name)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), folder / name)
    seal(folder, name, written_digests(folder) if stage == "ingest" else None)


def seal(folder: Path, name: str, digests: dict[str, str] | None) -> None:
    """Let the manifest say what the file is now."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    path, digest = folder / name, sha256((folder / name).read_bytes()).hexdigest()
    status = path.stat()
    manifest["files"][name] = {
        "bytes": status.st_size,
        "sha256": digest,
        "mtime_ns": status.st_mtime_ns,
    }
    manifest["digests"] = digests or {**manifest["digests"], name: digest}
    del manifest["manifest_digest"]
    manifest["manifest_digest"] = digest_of(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def first_value(value: float) -> Callable[[Rows], Any]:
    """Another first value in row 2."""

    def change(rows: Rows) -> None:
        rows[2]["values"][0] = value

    return change


def term_without_values(rows: Rows) -> None:
    """The first term of row 2 has no finite value anywhere in the part."""
    index = rows[2]["indices"][0]
    for row in rows:
        row["values"] = [
            math.nan if own == index else value
            for own, value in zip(row["indices"], row["values"], strict=True)
        ]


def label(value: int | None) -> Callable[[Rows], Any]:
    return lambda rows: rows[7].update(label=value)


def index_beyond(rows: Rows) -> None:
    rows[3]["indices"][-1] = TERMS + 5


def unpaired(rows: Rows) -> None:
    rows[4]["values"].pop()


def seventy_to_thirty(rows: Rows) -> None:
    for place, row in enumerate(rows):
        row["label"] = int(place < 0.7 * len(rows))


def emptied(share: float) -> Callable[[Rows], Any]:
    def change(rows: Rows) -> None:
        for row in rows[: round(share * len(rows))]:
            row.update(indices=[], values=[])

    return change


def fewer(count: int) -> Callable[[Rows], Any]:
    """So many rows only, four in five of them labelled 1."""

    def change(rows: Rows) -> None:
        del rows[count:]
        for place, row in enumerate(rows):
            row["label"] = int(place < 0.9 * count)

    return change


@dataclass(frozen=True)
class Fault:
    """What is done to the features of parts, which expectations fail, and what is told of it.

    Attributes
    ----------
    missed : (frame, column) of the expectations that fail with severity error.
    """

    change: Callable[[Rows], Any]
    missed: set[tuple[str, str | None]]
    words: tuple[str, ...]
    parts: tuple[int, ...] = (1,)
    warned: set[tuple[str, str | None]] = field(default_factory=set)


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
    "a label 2": Fault(label(2), {("rows", "label")}, ("part 1, row 7, label 2", "label 0 or 1")),
    "an index beyond the vocabulary": Fault(
        index_beyond, {("rows", "outside_vocabulary")}, ("part 1, row 3, outside_vocabulary 1",)
    ),
    "a value too few": Fault(unpaired, {("rows", "unpaired")}, ("part 1, row 4, unpaired true",)),
    "70 to 30 labels in the test split": Fault(
        seventy_to_thirty,
        {("labels", "share")},
        ("label 1, split test, rows 28, share 0.7", "split_rows >= 30"),
    ),
    "nine in ten in a small test split": Fault(
        fewer(20), {("labels", "share")}, ("label 1, split test, rows 18, share 0.9",)
    ),
    "an empty part": Fault(
        lambda rows: rows.clear(),
        {("parts", "rows"), ("labels", "share")},
        ("part 1, rows 0", "No part is empty"),
    ),
    "no rows at all": Fault(
        lambda rows: rows.clear(),
        {("parts", "rows"), ("labels", "share"), ("rows", None), ("features", None)},
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


def missed(results: list[dict[str, Any]], severity: str) -> set[tuple[str, str | None]]:
    return {
        (one["frame"], one["column"])
        for one in results
        if not one["success"] and one["severity"] == severity
    }


def newest_results(artifacts: Path, stage: str) -> list[dict[str, Any]]:
    paths = (artifacts / "store" / stage).glob("*/results.json")
    newest = max(paths, key=lambda path: path.stat().st_mtime_ns)
    results: list[dict[str, Any]] = json.loads(newest.read_bytes())["results"]
    return results


def flat(table: str) -> str:
    return " ".join(table.split())


@pytest.fixture(scope="module")
def seen() -> dict[str, set[int]]:
    """Positions of the expectations that failed in some test, by suite."""
    return {"features": set(), "reviews": set()}


@pytest.mark.parametrize("name", FAULTS)
def test_doctored_features_are_not_trained_on(
    name: str, base: Base, tmp_path: Path, seen: dict[str, set[int]]
) -> None:
    fault, artifacts = FAULTS[name], base.copy(tmp_path)
    for part in fault.parts:
        doctor(artifacts, "features", "features.parquet", part, fault.change)
    if fault.missed:
        with pytest.raises(QualityError) as refusal:
            performed(base.strict, artifacts, WORKS)
        assert refusal.value.exit_code == 3
        table = str(refusal.value)
        assert "nothing was trained" in table
        assert [word for word in fault.words if not in_table(word, table)] == [], table
        assert not (artifacts / "store" / "train").exists()
    else:
        performed(base.strict, artifacts, WORKS)
    results = newest_results(artifacts, "validate_features")
    assert missed(results, "error") == fault.missed
    assert missed(results, "warning") >= fault.warned
    seen["features"] |= {place for place, one in enumerate(results) if not one["success"]}

    told = performed(base.lenient, artifacts, WORKS[:-1])
    entries = [entry for entry in quality_entries(told.run) if entry["suite"] == "features"]
    assert missed(entries, "warning") == fault.missed | missed(results, "warning")
    assert missed(entries, "error") == set()


def in_table(words: str, table: str) -> bool:
    """Whether a column of the table says so, whatever its line breaks."""
    columns = [
        " ".join(line[start:end].strip() for line in table.splitlines()[2:])
        for start, end in ((0, 8), (10, 44), (46, 74), (76, 114))
    ]
    return words in flat(" ".join(columns))


@pytest.mark.parametrize("name", ["a value of 1.5", "70 to 30 labels in the test split"])
def test_what_only_warns_is_trained_on(name: str, base: Base, tmp_path: Path) -> None:
    fault, artifacts = FAULTS[name], base.copy(tmp_path)
    doctor(artifacts, "features", "features.parquet", 1, fault.change)
    told = performed(base.lenient, artifacts, WORKS)
    assert "train[default]" in told.ran


GUARDS = {
    "features": [("parts", None), ("parts", "rows"), ("labels", None)],
    "reviews": [("labels", None)],
}


def test_every_expectation_of_the_features_failed_somewhere(seen: dict[str, set[int]]) -> None:
    """All but the guards: no data can fail them, since the frames are made so (see below)."""
    suite = read_suite(SUITES / "features.yaml", FEATURE_COLUMNS)
    assert not_failed(suite, seen["features"]) == GUARDS["features"]


def not_failed(suite: Suite, positions: set[int]) -> list[tuple[str, str | None]]:
    return [
        place_of(expectation)
        for position, expectation in enumerate(suite.expectations)
        if position not in positions
    ]


def place_of(expectation: Expectation) -> tuple[str, str | None]:
    return expectation.frame, ", ".join(expectation.columns) or None


def test_the_guards_fail_on_frames_that_the_pipeline_does_not_make() -> None:
    """They stand there for the day on which the frames are made otherwise."""
    suite = read_suite(SUITES / "features.yaml", FEATURE_COLUMNS)
    rows = {"label": [0, 1], "split": ["train", "test"], "indices": [[0], [1]]}
    kinds = [("label", pa.int8()), ("split", pa.string()), ("indices", pa.list_(pa.int32()))]
    table = pa.table({**rows, "values": [[1.0], [1.0]]}, pa.schema([*kinds, VALUES]))
    frames = feature_frames([part_figures(table, 2)], ("a", "b"))
    frames["labels"].table.drop(index=5, inplace=True)
    frames["parts"].table.loc[0, "rows"] = math.nan
    assert {("labels", None), ("parts", "rows")} <= missed(
        validated(suite, frames)[0]["results"], "error"
    )
    frames = feature_frames([], ("a", "b"))
    assert ("parts", None) in missed(validated(suite, frames)[0]["results"], "error")


VALUES = ("values", pa.list_(pa.float32()))
