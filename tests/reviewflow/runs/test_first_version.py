"""What version 0.1 wrote is still read: a small run and two artifacts of it, stored here.

The run is of 60 made-up reviews. Of its files run.json (with one of its expectations), three
entries of keys.json and the artifacts of ingest and vocabulary are kept.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from reviewflow.runs.diff import compare_runs
from reviewflow.runs.gc import collect_garbage
from reviewflow.runs.history import find_run, run_details, run_record, run_records, run_summary
from reviewflow.runs.identity import RunIdentity
from reviewflow.runs.keys_file import PARTS, read_keys
from reviewflow.runs.record import last_run
from reviewflow.store.catalog import entries
from tests.reviewflow.small_store import TwoRuns, edit_json, key_of, verify, write_run

SAMPLE = Path(__file__).parent / "sample_0_1"
RUN = "2026-11-27T00-13-37-45e715"
KEPT = {"ingest", "vocabulary"}


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """A copy of the sample as an artifacts folder."""
    copy = Path(shutil.copytree(SAMPLE, tmp_path / "artifacts"))
    (copy / "runs" / "latest").symlink_to(RUN)
    return copy


def test_an_old_run_is_listed_and_shown(artifacts: Path) -> None:
    run = find_run(artifacts / "runs", "latest")
    line = run_summary(run)
    assert (line["run_id"], line["state"], line["rows"]) == (RUN, "completed", 60)
    assert (line["ran"], line["cached"], line["name"]) == (14, 0, "small")
    assert line["best"] in ("relu", "tanh")
    assert 0 <= line["roc_auc"] <= 1
    page = run_details(run)
    assert [stage["stage"] for stage in page["stages"]][:3] == ["suites", "ingest", "split"]
    assert {reason for stage in page["stages"] for reason in stage["reasons"]} == {"first run"}
    assert [variant["name"] for variant in page["variants"]] == ["relu", "tanh"]
    assert page["quality"] == {"expectations": 1, "failures": []}


def test_old_keys_are_read_under_their_new_names(artifacts: Path) -> None:
    keys = read_keys(artifacts / "runs" / RUN)
    assert list(keys.fingerprints) == ["ingest", "vocabulary", "evaluate[relu, seed 0]"]
    assert keys.of_first_version
    for fingerprint in keys.fingerprints.values():
        assert all(isinstance(fingerprint[name], dict) for name in PARTS)
    assert keys.fingerprints["ingest"]["facts"]["rows"]
    assert all(len(known) == 1 for known in keys.keys.values())
    found = last_run(
        artifacts / "runs", RunIdentity("sentiment", "small", "/any/small.yaml", "reviews.csv")
    )
    assert (found.version, set(found.fingerprints)) == ("0.1", set(keys.fingerprints))


def test_old_artifacts_are_listed_and_verified(artifacts: Path) -> None:
    store = artifacts / "store"
    assert {(entry.stage, entry.trouble) for entry in entries(store)} == {
        (stage, None) for stage in KEPT
    }
    assert all(len(entry.fingerprint or "") == 32 for entry in entries(store))
    assert verify(store).corruptions == ()


@pytest.mark.parametrize("field", ["recipe", "inputs", "seconds"])
def test_damage_of_an_old_manifest_is_found_by_its_seal(artifacts: Path, field: str) -> None:
    (folder,) = (artifacts / "store" / "vocabulary").iterdir()
    edit_json(folder / "manifest.json", lambda manifest: manifest.update({field: "0" * 32}))
    (fault,) = verify(artifacts / "store").corruptions
    assert fault.why == "has a manifest that contradicts its own digest"


def test_damage_of_an_old_file_is_found(artifacts: Path) -> None:
    (folder,) = (artifacts / "store" / "vocabulary").iterdir()
    path = folder / "vocabulary.parquet"
    whole, status = path.read_bytes(), path.stat()
    path.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    (fault,) = verify(artifacts / "store").corruptions
    assert (fault.file, fault.kind) == ("vocabulary.parquet", "damaged")


def test_old_artifacts_stay_while_their_run_is_kept_and_go_with_it(artifacts: Path) -> None:
    assert collect_garbage(artifacts, 1).removed == []
    assert len(entries(artifacts / "store")) == len(KEPT)
    newer = "2026-11-28T00-00-00-000000-aaaaaa"
    write_run(artifacts, newer, [("ingest", key_of(1))], name="small")
    (artifacts / "runs" / "latest").unlink()
    assert {entry.stage for entry in collect_garbage(artifacts, 1).removed} == KEPT
    assert entries(artifacts / "store") == []


def test_an_old_and_a_new_run_are_compared_without_their_code(
    artifacts: Path, two_runs: TwoRuns
) -> None:
    """Settings, packages, rows and metrics are compared; renamed modules are not changed code."""
    shutil.copytree(two_runs.artifacts / "runs" / two_runs.first, artifacts / "runs" / "new")
    old, new = (run_record(artifacts / "runs" / name) for name in (RUN, "new"))
    found = compare_runs(old, new, artifacts / "store")
    assert found["notes"] == [
        "one run is of version 0.1, and modules were renamed; code is not compared"
    ]
    assert found["code"] == []
    assert {"name": "vectorize.max_features", "a": 20, "b": 300} in found["parameters"]
    assert {"name": "rows", "a": 60, "b": 600} in found["data"]
    assert {each["variant"] for each in found["metrics"]} == {"relu", "tanh"}
    reasons = {label: each["reasons"] for each in found["reasons"] for label in each["steps"]}
    assert "vectorize.max_features 20 → 300" in reasons["vocabulary"]
    assert not any("code" in reason for texts in reasons.values() for reason in texts)
    assert compare_runs(new, old, artifacts / "store")["notes"] == found["notes"]


def test_two_old_runs_are_compared_with_their_code(artifacts: Path) -> None:
    other = Path(shutil.copytree(artifacts / "runs" / RUN, artifacts / "runs" / f"{RUN[:-1]}6"))
    old, new = run_records(artifacts / "runs")
    assert compare_runs(old, new, artifacts / "store")["notes"] == []

    def other_code(keys: dict[str, Any]) -> None:
        keys["vocabulary"]["recipe"]["code"]["reviewflow.errors.Cancelled"] = "other"

    edit_json(other / "keys.json", other_code)
    found = compare_runs(old, new, artifacts / "store")
    assert [(each["definition"], each["stages"]) for each in found["code"]] == [
        ("reviewflow.errors.Cancelled", ["vocabulary"])
    ]
