"""Artifacts are whole or not there, and damage is noticed and named."""

import errno
import json
import os
import shutil
import threading
from pathlib import Path

import pytest

from reviewflow.errors import StoreError
from reviewflow.store.artifacts import Artifact, Damage, Store
from reviewflow.store.files import sha256_of

KEY = "0123456789abcdef0123456789abcdef"


def make(store: Store, text: str = "hello") -> Artifact:
    def write(folder: Path) -> dict[str, int]:
        (folder / "data.txt").write_text(text)
        (folder / "data_docs").mkdir()
        (folder / "data_docs" / "page.html").write_text("a page for people")
        return {"rows": 1}

    return store.make("normalize", KEY, write, {"fingerprint": "r", "key_parts": {}, "inputs": {}})


def test_what_was_made_is_found_with_the_digests_of_its_data_files(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.find("normalize", KEY) is None
    made = make(store)
    found = store.find("normalize", KEY)
    assert isinstance(found, Artifact)
    assert found.digests == {"data.txt": sha256_of(made.folder / "data.txt")}
    assert found.bytes == 5
    assert store.fingerprints("normalize") == {"r"}


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda f: (f / "data.txt").unlink(), "data.txt is missing"),
        (lambda f: (f / "data.txt").write_text("he"), "has 2 of 5 bytes"),
        (lambda f: (f / "data.txt").write_text("HELLO"), "other content"),
        (lambda f: (f / "manifest.json").write_text('{"half'), "garbled"),
        (lambda f: (f / "manifest.json").write_text("[]"), "garbled"),
        (lambda f: (f / "manifest.json").unlink(), "no manifest"),
    ],
)
def test_damage_is_named_and_mended(tmp_path: Path, damage, words: str) -> None:  # type: ignore[no-untyped-def]
    store = Store(tmp_path)
    damage(make(store).folder)
    found = store.find("normalize", KEY)
    assert isinstance(found, Damage)
    assert words in found.why
    make(store)
    assert isinstance(store.find("normalize", KEY), Artifact)


def test_a_flipped_byte_behind_an_unchanged_mtime_is_found_by_verifying(tmp_path: Path) -> None:
    data = make(Store(tmp_path)).folder / "data.txt"
    status = data.stat()
    data.write_text("hellO")
    os.utime(data, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert isinstance(Store(tmp_path).find("normalize", KEY), Artifact)
    assert isinstance(Store(tmp_path, verify=True).find("normalize", KEY), Damage)


def test_a_restored_copy_is_no_damage(tmp_path: Path) -> None:
    made = make(Store(tmp_path))
    data = made.folder / "data.txt"
    shutil.copyfile(data, tmp_path / "copy")
    os.replace(tmp_path / "copy", data)
    assert isinstance(Store(tmp_path).find("normalize", KEY), Artifact)


def test_an_interrupted_step_leaves_nothing_with_the_name_of_a_whole_one(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def write(folder: Path) -> dict[str, int]:
        (folder / "data.txt").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.make("normalize", KEY, write, {"fingerprint": "r"})
    assert store.find("normalize", KEY) is None
    assert list((tmp_path / ".making").iterdir()) == []


def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path) -> None:
    def write(folder: Path) -> dict[str, int]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StoreError, match="No space left on device"):
        Store(tmp_path).make("normalize", KEY, write, {"fingerprint": "r"})


def test_of_two_threads_one_makes_the_step_and_the_other_finds_it(tmp_path: Path) -> None:
    made = []

    def work() -> None:
        store = Store(tmp_path)
        with store.lock("normalize", KEY):
            if not isinstance(store.find("normalize", KEY), Artifact):
                make(store)
                made.append(threading.get_ident())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_the_manifest_lists_no_pages_for_people(tmp_path: Path) -> None:
    manifest = json.loads((make(Store(tmp_path)).folder / "manifest.json").read_text())
    assert list(manifest["files"]) == ["data.txt"]
