"""The cache of manifests saves reading them, and hides no change of an artifact."""

import json
import os
from pathlib import Path

import pytest

from reviewflow.store import artifacts, manifest_cache
from reviewflow.store.artifacts import MANIFEST, Artifact, Damage, Store
from reviewflow.store.hashing import digest_of
from reviewflow.store.manifest_cache import ManifestCache

STAGE, KEY = "normalize", "ab" * 16


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a store of one artifact, made long ago."""
    monkeypatch.setattr(manifest_cache, "SETTLED_NANOSECONDS", -1)

    def write(folder: Path) -> dict[str, int]:
        (folder / "tokens.parquet").write_bytes(b"tokens")
        return {"rows": 3}

    Store(tmp_path / "store").make(STAGE, KEY, write, {"fingerprint": "f"})
    return tmp_path


def opened(folder: Path, verify: bool = False) -> Store:
    return Store(folder / "store", verify, ManifestCache(folder / "memos" / "manifests.sqlite"))


def planned(folder: Path) -> Artifact:
    """Return the artifact as a plan finds it, which remembers its manifest."""
    store = opened(folder)
    found = store.find(STAGE, KEY)
    store.keep_manifests()
    assert isinstance(found, Artifact)
    return found


def reads_of(folder: Path, monkeypatch: pytest.MonkeyPatch, verify: bool = False) -> list[object]:
    """Return what is read of manifests when the artifact is found."""
    reads: list[object] = []
    with monkeypatch.context() as patch:
        load = json.load
        patch.setattr(artifacts.json, "load", lambda file: reads.append(file.name) or load(file))
        assert isinstance(opened(folder, verify).find(STAGE, KEY), Artifact)
    return reads


def manifest_path(folder: Path) -> Path:
    return folder / "store" / STAGE / KEY / MANIFEST


def test_a_remembered_manifest_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reads_of(folder, monkeypatch) == [str(manifest_path(folder))]
    first = planned(folder)
    assert reads_of(folder, monkeypatch) == []
    assert opened(folder).find(STAGE, KEY) == first
    assert first.figures == {"rows": 3}
    assert first.bytes == len(b"tokens")


def test_a_full_check_reads_every_manifest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(folder)
    assert reads_of(folder, monkeypatch, verify=True) == [str(manifest_path(folder))]


def test_files_are_compared_all_the_same(folder: Path) -> None:
    file = planned(folder).folder / "tokens.parquet"
    file.write_bytes(b"token")
    found = opened(folder).find(STAGE, KEY)
    assert isinstance(found, Damage)
    assert "has 5 of 6 bytes" in found.why
    file.write_bytes(b"TOKENS")
    found = opened(folder).find(STAGE, KEY)
    assert isinstance(found, Damage)
    assert "other content" in found.why
    file.unlink()
    found = opened(folder).find(STAGE, KEY)
    assert isinstance(found, Damage)
    assert "is missing" in found.why


def test_a_changed_manifest_is_read_again(folder: Path) -> None:
    planned(folder)
    path = manifest_path(folder)
    path.write_bytes(path.read_bytes().replace(b'"rows": 3', b'"rows": 4'))
    found = opened(folder).find(STAGE, KEY)
    assert isinstance(found, Damage)
    assert "garbled" in found.why
    path.unlink()
    found = opened(folder).find(STAGE, KEY)
    assert isinstance(found, Damage)
    assert "no manifest" in found.why


def test_a_manifest_whose_old_time_was_put_back_is_read_again(folder: Path) -> None:
    planned(folder)
    path = manifest_path(folder)
    before = path.stat()
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["figures"]["rows"] = 4
    del manifest["manifest_digest"]
    manifest["manifest_digest"] = digest_of(manifest)
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    found = opened(folder).find(STAGE, KEY)
    assert isinstance(found, Artifact)
    assert found.figures == {"rows": 4}


def test_a_manifest_of_this_moment_is_not_remembered(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest_cache, "SETTLED_NANOSECONDS", 3600 * 10**9)
    planned(folder)
    assert len(reads_of(folder, monkeypatch)) == 1


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + bytes(4096)])
def test_a_broken_cache_costs_time_only(folder: Path, content: bytes) -> None:
    first = planned(folder)
    (folder / "memos" / "manifests.sqlite").write_bytes(content)
    assert planned(folder) == first
    assert opened(folder).find(STAGE, KEY) == first


def test_a_cache_that_cannot_be_written_costs_time_only(folder: Path) -> None:
    (folder / "memos").write_text("a file where the folder would be")
    first = planned(folder)
    assert opened(folder).find(STAGE, KEY) == first
