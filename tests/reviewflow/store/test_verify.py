"""Every damage of a stored artifact is found and named where it is."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.runs.gc import collect_garbage
from reviewflow.runs.history import (
    run_records,
    runs_by_artifact,
)
from reviewflow.store.artifacts import Artifact, Store
from reviewflow.store.catalog import entries
from reviewflow.store.verify import verify_store
from tests.reviewflow.small_store import TwoRuns, key_of, make_artifact, verify


def test_a_real_store_is_whole_and_every_artifact_is_used_by_a_run(two_runs: TwoRuns) -> None:
    store, calls = two_runs.artifacts / "store", []
    seen = verify_store(store, False, lambda done, total: calls.append((done, total)))
    assert (seen.corruptions, seen.stale_temps) == ((), ())
    assert calls == sorted(calls)
    assert calls[-1] == (seen.bytes, seen.bytes)
    found = entries(store, [stage.name for stage in SENTIMENT.stages])
    used = runs_by_artifact(run_records(two_runs.artifacts / "runs"))
    assert seen.artifacts == len(found)
    assert {(entry.stage, entry.key) for entry in found} == used.keys()
    assert [entry.stage for entry in found][:2] == ["suites", "ingest"]
    assert found[-1].stage == "report"
    by_stage = {entry.stage: used[entry.stage, entry.key] for entry in found}
    assert sorted(by_stage["ingest"]) == sorted([two_runs.first, two_runs.second])
    assert len(by_stage["train"]) == 1


def test_a_flipped_byte_of_a_real_artifact_is_found(two_runs: TwoRuns, tmp_path: Path) -> None:
    """Size and time stay, so that only hashing tells; the manifest's own digests count, too."""
    for stage in ("vocabulary", "ingest"):
        shutil.copytree(two_runs.artifacts / "store" / stage, tmp_path / stage)
    assert verify(tmp_path).corruptions == ()
    for entry in entries(tmp_path):
        for path in (path for path in entry.folder.iterdir() if path.is_file()):
            status, whole = path.stat(), path.read_bytes()
            places = [0, len(whole) // 2, len(whole) - 1]
            if path.name == "manifest.json":
                places = [
                    whole.index(word) + len(word) + 4 for word in (b'"sha256"', b'"fingerprint"')
                ]
                places += [whole.index(b'"code"') + 60, whole.index(b'"digests"') + 30]
            for place in places:
                path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
                assert verify(tmp_path).corruptions, (path, place)
            path.write_bytes(whole)
    assert verify(tmp_path).corruptions == ()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda f: (f / "data.txt").unlink(), "data.txt is missing"),
        (lambda f: (f / "data.txt").write_text("he"), "data.txt has 2 of 7 bytes"),
        (lambda f: (f / "data.txt").write_text("TRAIN 1"), "data.txt has other content"),
        (lambda f: (f / "manifest.json").write_text("[" * 100_000), "a garbled manifest"),
        (lambda f: (f / "manifest.json").write_bytes(b"\xff"), "a garbled manifest"),
        (lambda f: (f / "manifest.json").unlink(), "has no manifest"),
        (lambda f: shutil.move(f, f.parent / key_of(9)), "another step's manifest"),
    ],
)
def test_damage_is_named_where_it_is(
    tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    make_artifact(tmp_path, "train", 2)
    damage(make_artifact(tmp_path, "train", 1).folder)
    (fault,) = verify(tmp_path / "store").corruptions
    assert words in fault.sentence
    assert fault.stage == "train"


def test_files_that_no_manifest_lists_are_named_as_what_they_are(tmp_path: Path) -> None:
    """Pages for people are not listed and not named; no run reads or removes the others."""
    folder = make_artifact(tmp_path, "train", 1).folder
    (folder / "notes.txt").write_text("mine")
    (folder / "inner").mkdir()
    (folder / "inner" / "more").write_text("mine")
    (folder / "data_docs" / "another.html").write_text("a page")
    found = verify(tmp_path / "store").corruptions
    assert [(each.file, each.kind) for each in found] == [
        ("inner/more", "extra file"),
        ("notes.txt", "extra file"),
    ]
    assert found[1].sentence == (
        f"train/{key_of(1)[:8]}…/notes.txt is not listed in the manifest; "
        "nothing reads it, and it can be deleted"
    )
    assert isinstance(Store(tmp_path / "store", verify=True).find("train", key_of(1)), Artifact)


@given(manifest=st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["stage", "key", "files", "digests", "fingerprint", "parts", "inputs", "given", "bytes",
             "sha256", "data.txt", "../../escape", "/etc/passwd"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=12,
))  # fmt: skip
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_manifest_whatever_it_says_makes_a_command_fail(
    tmp_path: Path, manifest: object
) -> None:
    folder = make_artifact(tmp_path, "train", 1).folder
    known = json.loads((folder / "manifest.json").read_text())
    garbled = {**known, **manifest} if isinstance(manifest, dict) else manifest
    (folder / "manifest.json").write_text(json.dumps(garbled))
    corruptions = verify(tmp_path / "store").corruptions
    assert all("/etc" not in fault.sentence for fault in corruptions)
    assert len(entries(tmp_path / "store")) == 1
    collect_garbage(tmp_path, 1, dry_run=True)
    shutil.rmtree(folder)


def test_a_temporary_folder_is_stale_once_its_process_has_ended(tmp_path: Path) -> None:
    store, making = Store(tmp_path / "store"), tmp_path / "store" / ".making"
    make_artifact(tmp_path, "train", 1)
    (making / f"train-{key_of(1)}-abc").mkdir()
    (making / f"train-{key_of(1)}-abc" / "half").write_text("half")
    (making / "aside-xyz").mkdir()
    with store.lock("train", key_of(1)):
        assert verify(store.folder, run_going=True).stale_temps == ()
    assert len(verify(store.folder, run_going=True).stale_temps) == 1
    seen = verify(store.folder)
    assert (len(seen.stale_temps), seen.corruptions) == (2, ())
    assert collect_garbage(tmp_path, 1).stale_temps == list(seen.stale_temps)
    assert list(making.iterdir()) == []
