"""Tamper with artifacts, seal them again, and collect the results of a check.

reviews ─ ingest ─ … ─ features ─ tamper, seal ─▶ check ─▶ QualityError, a table
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewflow.errors import QualityError
from reviewflow.jobs.sentiment_summary import quality_entries
from reviewflow.quality.results import WIDTHS
from reviewflow.quality.suites import Expectation, Suite
from reviewflow.reviews.column_digests import column_digests
from reviewflow.store.hashing import digest_of
from tests.conftest import ROOT, plan_and_run

SUITES = ROOT / "configs" / "expectations"
CHECKS = ("suites", "ingest", "validate reviews")
WORKS = (*CHECKS, "normalize", "vectorize", "validate features", "train")
TEST_ROWS, TERMS = 40, 300
Rows = list[dict[str, Any]]
Place = tuple[str, str | None]  # frame and column


@dataclass(frozen=True)
class Base:
    """A job that ran up to its features, and two configurations that differ in severities."""

    folder: Path
    strict: Path
    lenient: Path

    def copy(self, folder: Path) -> Path:
        """Return a copy of the artifacts to tamper with."""
        return Path(shutil.copytree(self.folder / "artifacts", folder / "artifacts", symlinks=True))


def tamper(
    artifacts: Path, stage: str, name: str, part: int, change: Callable[[Rows], Any]
) -> None:
    """Change the rows of one part's artifact, and seal it again as a whole one."""
    folders = {
        pq.read_metadata(path).num_rows == TEST_ROWS: path.parent
        for path in (artifacts / "store" / stage).glob(f"*/{name}")
    }
    folder = folders[part == 1]
    table = pq.read_table(folder / name)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), folder / name)
    seal(folder, name, column_digests(folder) if stage == "ingest" else None)


def seal(folder: Path, name: str, digests: dict[str, str] | None) -> None:
    """Update the manifest to the file."""
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


def label(value: int | None) -> Callable[[Rows], Any]:
    return lambda rows: rows[7].update(label=value)


def failures(results: list[dict[str, Any]], severity: str) -> set[Place]:
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


@dataclass(frozen=True)
class CheckResults:
    """The table, all results, and those in run.json of a run in which all severities warn."""

    table: str
    results: list[dict[str, Any]]
    entries: list[dict[str, Any]]

    @property
    def failed(self) -> set[int]:
        """Positions of the expectations that failed."""
        return {place for place, one in enumerate(self.results) if not one["success"]}


Check = Callable[[str], CheckResults]


def check_data(
    strict: Path, lenient: Path, artifacts: Path, suite: str, errors: bool
) -> CheckResults:
    """Return the results of the job with each configuration.

    If there are errors the strict one must end at the check, else both run up to the check.
    """
    stage, table = f"validate_{suite}", ""
    last = WORKS.index(f"validate {suite}") + 1
    if errors:
        with pytest.raises(QualityError) as refusal:
            plan_and_run(strict, artifacts, WORKS)
        assert refusal.value.exit_code == 3
        table = str(refusal.value)
        assert "nothing was trained" in table
        assert not (artifacts / "store" / "train").exists()
    else:
        plan_and_run(strict, artifacts, WORKS[:last])
    results = newest_results(artifacts, stage)
    done = plan_and_run(lenient, artifacts, WORKS[:last])
    entries = [entry for entry in quality_entries(done.run) if entry["suite"] == suite]
    return CheckResults(table, results, entries)


def assert_reported(
    checked: CheckResults,
    errors: set[Place],
    warnings: set[Place],
    words: tuple[str, ...],
) -> None:
    """Assert that expectations failed, in the table and as warnings in run.json."""
    assert [word for word in words if not in_table(word, checked.table)] == [], checked.table
    assert failures(checked.results, "error") == errors
    assert failures(checked.results, "warning") >= warnings
    assert failures(checked.entries, "warning") == errors | failures(checked.results, "warning")
    assert failures(checked.entries, "error") == set()


def in_table(words: str, table: str) -> bool:
    """Return whether a column of the table has these words, in spite of line breaks."""
    starts = [sum(WIDTHS[:column]) + 2 * column for column in range(len(WIDTHS))]
    columns = [
        " ".join(line[start : start + width].strip() for line in table.splitlines()[2:])
        for start, width in zip(starts, WIDTHS, strict=True)
    ]
    return words in flat(" ".join(columns))


def not_failed(suite: Suite, positions: set[int]) -> list[Place]:
    return [
        place_of(expectation)
        for position, expectation in enumerate(suite.expectations)
        if position not in positions
    ]


def place_of(expectation: Expectation) -> Place:
    return expectation.frame, ", ".join(expectation.columns) or None
