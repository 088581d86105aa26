"""Damage in the store is noticed, named, and mended by making that one step again."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reviewflow.store.artifacts import Artifact, Store
from reviewflow.store.hashing import digest_of
from tests.faults.conftest import Driver, Undisturbed, complete_steps, temporary_folders

DATA = {  # one file of each stage's artifact
    "suites": "suites.json",
    "ingest": "reviews.parquet",
    "split": "split.parquet",
    "validate_reviews": "results.json",
    "normalize": "tokens.parquet",
    "count": "counts.parquet",
    "vocabulary": "vocabulary.parquet",
    "features": "features.parquet",
    "validate_features": "results.json",
    "train": "model.safetensors",
    "evaluate": "predictions.parquet",
    "report": "roc.svg",
}


def delete(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def flip(path: Path) -> None:
    """Flip one bit in the middle, and leave size and mtime as they were."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def flip_now(path: Path) -> None:
    flip(path)
    os.utime(path)


def garble(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100] + b"\xff\x00garbled")


def swap(path: Path) -> None:
    """The manifest of another step, one that is whole, in its place."""
    store = path.parents[2]
    whole = [
        p
        for p in sorted(store.glob("*/*/manifest.json"))
        if isinstance(Store(store).find(p.parent.parent.name, p.parent.name), Artifact)
    ]
    other = next(p for p in whole if p != path)
    path.write_bytes(other.read_bytes())


def damaged(artifacts: Path, stage: str, name: str, damage: Callable[[Path], None]) -> Path:
    """Damage the first artifact of a stage; returns its folder."""
    folder = sorted((artifacts / "store" / stage).iterdir())[0]
    damage(folder / name)
    return folder


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "deleted": (delete, "is missing"),
    "truncated": (truncate, " bytes"),
    "emptied": (empty, " has 0 of "),
    "lengthened": (lengthen, " bytes"),
    "flipped": (flip_now, "has other content than its manifest says"),
    "manifest garbled": (garble, "is garbled"),
    "manifest emptied": (empty, "is garbled"),
    "manifest of another": (swap, "is another step's"),
    "manifest deleted": (delete, "has no manifest"),
}


def damaged_by(kind: str, stage: str, artifacts: Path) -> tuple[Path, str]:
    """Damage a stage's first artifact; returns its folder and what a run has to say of it."""
    damage, words = KINDS[kind]
    name = "manifest.json" if kind.startswith("manifest") else DATA[stage]
    return damaged(artifacts, stage, name, damage), words


@pytest.mark.parametrize("turn", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 6))])
def test_damage_everywhere_is_named_and_mended(
    turn: int, driver: Driver, job: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """Another kind of damage in each stage."""
    artifacts = undisturbed.copy(tmp_path)
    kinds = {stage: list(KINDS)[(turn + n) % len(KINDS)] for n, stage in enumerate(DATA)}
    hurt = {stage: damaged_by(kind, stage, artifacts) for stage, kind in kinds.items()}
    mended = driver.run(job, artifacts)
    assert mended.error is None
    assert mended.ran == {(stage, folder.name) for stage, (folder, _) in hurt.items()}
    for stage, (folder, words) in hurt.items():
        reason = mended.reasons[stage]
        assert reason.startswith("artifact damaged: ")
        assert words in reason
        assert f"{stage}/{folder.name[:8]}" in reason
    assert mended.files == undisturbed.answer.files
    assert complete_steps(artifacts) == undisturbed.made


@pytest.mark.parametrize(
    "kind",
    ["truncated", *(pytest.param(k, marks=pytest.mark.slow) for k in KINDS if k != "truncated")],
)
@pytest.mark.parametrize(
    "stage", ["train", *(pytest.param(s, marks=pytest.mark.slow) for s in DATA if s != "train")]
)
def test_damage_is_mended_by_that_step_alone(
    stage: str, kind: str, driver: Driver, job: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    artifacts = undisturbed.copy(tmp_path)
    folder, words = damaged_by(kind, stage, artifacts)
    mended = driver.run(job, artifacts)
    assert mended.error is None
    assert mended.ran == {(stage, folder.name)}
    assert words in mended.reasons[stage]
    assert mended.files == undisturbed.answer.files
    assert complete_steps(artifacts) == undisturbed.made
    assert driver.run(job, artifacts).ran == set()


def quickly(first: str) -> list[object]:
    """All stages; the others take too long for every day."""
    slow = [pytest.param(stage, marks=pytest.mark.slow) for stage in DATA if stage != first]
    return [first, *slow]


@pytest.mark.parametrize("stage", quickly("features"))
def test_a_flipped_bit_behind_size_and_mtime_is_mended_by_verify(
    stage: str, driver: Driver, job: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    artifacts = undisturbed.copy(tmp_path)
    folder = damaged(artifacts, stage, DATA[stage], flip)
    assert driver.run(job, artifacts).ran == set()  # this is what verifying is for
    verified = driver.run(job, artifacts, verify=True)
    assert verified.error is None
    assert verified.ran == {(stage, folder.name)}
    assert "has other content than its manifest says" in verified.reasons[stage]
    assert complete_steps(artifacts) == undisturbed.made
    assert verified.files == undisturbed.answer.files


@pytest.mark.parametrize("stage", quickly("features"))
def test_a_flipped_bit_behind_size_and_mtime_is_named_by_recheck(
    stage: str, driver: Driver, job: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """That artifact is reported or made again, and no other is blamed."""
    artifacts = undisturbed.copy(tmp_path)
    folder = damaged(artifacts, stage, DATA[stage], flip)
    rechecked = driver.run(job, artifacts, recheck=True)
    named = {key for _, key in undisturbed.made if key in str(rechecked.error)}
    assert named | {key for _, key in rechecked.ran} == {folder.name}
    assert temporary_folders(artifacts) == []


def test_recheck_names_the_step_that_does_not_give_what_is_kept(
    driver: Driver, job: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """An artifact in perfect order that its step would not make: its key lied."""
    artifacts = undisturbed.copy(tmp_path)
    (folder,) = (artifacts / "store" / "report").iterdir()
    chart, manifest = folder / "roc.svg", json.loads((folder / "manifest.json").read_bytes())
    chart.write_text(chart.read_text(encoding="utf-8") + "<!-- older code -->", encoding="utf-8")
    status, digest = chart.stat(), hashlib.sha256(chart.read_bytes()).hexdigest()
    entry = {"bytes": status.st_size, "sha256": digest, "mtime_ns": status.st_mtime_ns}
    manifest["files"]["roc.svg"], manifest["digests"]["roc.svg"] = entry, digest
    del manifest["manifest_digest"]
    manifest["manifest_digest"] = digest_of(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    rechecked = driver.run(job, artifacts, recheck=True)
    assert rechecked.exit_code == 1
    named = {key for _, key in undisturbed.made if key in str(rechecked.error)}
    assert named == {folder.name}
    assert "roc.svg" in str(rechecked.error)
    assert temporary_folders(artifacts) == []


def test_a_flipped_bit_anywhere_in_a_manifest_is_noticed(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """Either the manifest reads as before, or what it names is damaged."""
    artifacts = undisturbed.copy(tmp_path)
    store = Store(artifacts / "store", verify=True)
    unnoticed = []
    for path in sorted(store.folder.glob("*/*/manifest.json")):
        stage, key = path.parent.parent.name, path.parent.name
        content = path.read_bytes()
        before = Store(artifacts / "store").find(stage, key)
        assert isinstance(before, Artifact)
        for place in range(0, len(content), 101):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            found = store.find(stage, key)
            if isinstance(found, Artifact) and found.manifest != before.manifest:
                unnoticed.append(f"{stage}: {content[place - 9 : place + 1]!r}")
        path.write_bytes(content)
    assert unnoticed == []
