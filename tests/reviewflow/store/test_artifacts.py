"""Artifacts are complete or absent, and damage is noticed and named."""

import errno
import json
import os
import shutil
import threading
from collections.abc import Callable
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


Writer = Callable[..., dict[str, int]]
WAYS: list[Callable[[Store, Writer], object]] = [
    lambda store, write: store.make("normalize", KEY, write, {"fingerprint": "r"}),
    lambda store, write: store.recompute_digests(write),
]


def failing(error: OSError) -> Writer:
    """A stage that fails with an error of the system."""

    def write(folder: Path) -> dict[str, int]:
        (folder / "data.txt").write_text("half")
        raise error

    return write


def os_error(number: int, name: Path | None = None) -> OSError:
    return OSError(number, os.strerror(number), *([] if name is None else [str(name)]))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("number", "name", "words"),
    [
        (errno.ENOSPC, None, "cannot be written (No space left on device); free space or choose"),
        (errno.EDQUOT, None, "cannot be written (Disk quota exceeded); free space or choose"),
        (errno.EROFS, None, "cannot be written (Read-only file system); choose another"),
        (errno.EACCES, "normalize", "cannot be written (Permission denied); choose another"),
        (errno.EIO, "normalize", "cannot be written (Input/output error); choose another"),
        (errno.ENOENT, "ingest/key/reviews.parquet", "cannot be read ([Errno 2] No such file"),
        (None, None, "cannot be read (Corrupt snappy compressed data.); run with --verify"),
    ],
)
def test_an_error_about_the_artifacts_folder_gives_a_sentence(
    tmp_path: Path,
    way: Callable[[Store, Writer], object],
    number: int | None,
    name: str | None,
    words: str,
) -> None:
    path = None if name is None else tmp_path / name
    error = OSError("Corrupt snappy compressed data.") if number is None else os_error(number, path)
    with pytest.raises(StoreError) as raised:
        way(Store(tmp_path), failing(error))
    assert words in str(raised.value)
    assert str(tmp_path) in str(raised.value)
    assert list((tmp_path / ".making").iterdir()) == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "error",
    [
        os_error(errno.ENOENT, Path("/data/reviews.csv")),
        os_error(errno.ECONNRESET),
        os_error(errno.ENOSPC, Path("/tmp/elsewhere")),
        os_error(errno.EACCES, Path("/data/reviews.csv")),
        os_error(errno.EMFILE),
        TimeoutError("timed out"),
    ],
    ids=str,
)
def test_any_other_error_of_a_stage_passes_as_it_is(
    tmp_path: Path, way: Callable[[Store, Writer], object], error: OSError
) -> None:
    with pytest.raises(type(error)) as raised:
        way(Store(tmp_path / "store"), failing(error))
    assert raised.value is error


def test_a_store_that_cannot_write_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / ".making").write_text("a file in its place")
    (tmp_path / "store" / ".locks").write_text("a file in its place")
    for way in WAYS:
        with pytest.raises(StoreError, match=r"cannot be written \(File exists\); choose another"):
            way(Store(tmp_path / "store"), lambda folder: {})
    with (
        pytest.raises(StoreError, match="cannot be written"),
        Store(tmp_path / "store").lock("normalize", KEY),
    ):
        pass


def test_an_error_under_the_lock_is_not_the_locks(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), Store(tmp_path).lock("normalize", KEY):
        raise PermissionError(errno.EACCES, "Permission denied", "/data/reviews.csv")


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
