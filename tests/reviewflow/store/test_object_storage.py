"""Artifacts in object storage are whole, found by other machines, and made again if damaged.

The quick tests use fsspec's storage in memory, the slow ones an S3 server.
"""

import errno
import json
import logging
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fsspec
import pytest

from reviewflow.errors import StoreError
from reviewflow.store.artifacts import Artifact, Damage
from reviewflow.store.hashing import digest_of
from reviewflow.store.object_storage import ObjectStorage
from reviewflow.store.remote_store import RemoteStore, open_store
from tests.reviewflow.reviews.s3_server import BUCKET, SECRET
from tests.reviewflow.store.test_artifacts import KEY, make

URL = "memory://bucket/store"


@pytest.fixture
def memory() -> Iterator[Any]:
    """Storage in memory, which is empty."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path there."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def machine(folder: Path, url: str = URL) -> RemoteStore:
    """The store of a machine that shares the storage only."""
    store = open_store(folder, url)
    assert isinstance(store, RemoteStore)
    return store


def assert_shared(url: str, tmp_path: Path) -> None:
    """What one machine makes another finds, with the same bytes and times."""
    made = make(machine(tmp_path / "one", url))
    found = machine(tmp_path / "two", url).find("normalize", KEY)
    assert isinstance(found, Artifact)
    assert content(found.folder) == content(made.folder)
    for name in ("data.txt",):
        times = [(folder / name).stat().st_mtime_ns for folder in (found.folder, made.folder)]
        assert times[0] == times[1]
    assert list((tmp_path / "two" / ".making").iterdir()) == []


def test_another_machine_finds_what_one_has_made(memory: Any, tmp_path: Path) -> None:
    assert_shared(URL, tmp_path)


def test_a_plan_reads_the_manifest_alone(memory: Any, tmp_path: Path) -> None:
    made = make(machine(tmp_path / "one"))
    store = machine(tmp_path / "two")
    store.transfers = False
    found = store.find("normalize", KEY)
    assert isinstance(found, Artifact)
    assert found.digests == made.digests
    assert not (tmp_path / "two").exists()


def test_what_was_made_without_storage_is_uploaded_when_it_is_found(
    memory: Any, tmp_path: Path
) -> None:
    make(open_store(tmp_path / "one"))
    store = machine(tmp_path / "one")
    store.transfers = False
    assert isinstance(store.find("normalize", KEY), Artifact)
    assert memory.find("bucket") == []
    assert isinstance(machine(tmp_path / "one").find("normalize", KEY), Artifact)
    assert isinstance(machine(tmp_path / "two").find("normalize", KEY), Artifact)


def test_the_manifest_is_the_last_file_of_an_upload(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, names = memory.put_file, list[str]()

    def note(source: str, target: str, **options: Any) -> None:
        names.append(target.rpartition("/")[2])
        put(source, target, **options)

    monkeypatch.setattr(type(memory), "put_file", lambda self, *a, **o: note(*a, **o))
    make(machine(tmp_path))
    assert sorted(names[:-1]) == ["data.txt", "page.html"]
    assert names[-1] == "manifest.json"


def test_an_upload_that_broke_off_does_not_count(memory: Any, tmp_path: Path) -> None:
    made = make(machine(tmp_path / "one"))
    memory.rm(f"bucket/store/normalize/{KEY}/manifest.json")
    assert machine(tmp_path / "two").find("normalize", KEY) is None
    assert make(machine(tmp_path / "two")).digests == made.digests
    assert isinstance(machine(tmp_path / "three").find("normalize", KEY), Artifact)


@pytest.mark.parametrize(
    ("name", "new", "words"),
    [
        ("data.txt", b"HELLO", "has other content in data.txt"),
        ("data.txt", None, "lacks data.txt"),
        ("manifest.json", b"{}", "has a garbled manifest"),
        ("manifest.json", b'{"files": 1, "manifest_digest": ""}', "has a garbled manifest"),
    ],
)
def test_a_damaged_object_is_named_and_made_again(
    name: str, new: bytes | None, words: str, memory: Any, tmp_path: Path
) -> None:
    make(machine(tmp_path / "one"))
    path = f"bucket/store/normalize/{KEY}/{name}"
    memory.rm(path)
    if new is not None:
        memory.pipe_file(path, new)
    store = machine(tmp_path / "two")
    found = store.find("normalize", KEY)
    assert isinstance(found, Damage)
    assert words in found.why
    assert not (tmp_path / "two" / "normalize").exists()
    make(store)
    assert isinstance(machine(tmp_path / "three").find("normalize", KEY), Artifact)


def test_a_manifest_that_is_not_json_does_not_count(memory: Any, tmp_path: Path) -> None:
    make(machine(tmp_path / "one"))
    memory.pipe_file(f"bucket/store/normalize/{KEY}/manifest.json", b"{half")
    assert machine(tmp_path / "two").find("normalize", KEY) is None


def test_a_name_that_leads_out_of_the_folder_is_left_alone(memory: Any, tmp_path: Path) -> None:
    make(machine(tmp_path / "one"))
    memory.store[f"/bucket/store/normalize/{KEY}/../../../out.txt"] = memory.store[
        f"/bucket/store/normalize/{KEY}/data.txt"
    ]
    machine(tmp_path / "two").find("normalize", KEY)
    assert not list(tmp_path.rglob("out.txt"))


@pytest.mark.parametrize(("field", "value"), [("stage", "../out"), ("files", {"../out": {}})])
def test_a_manifest_that_leads_out_of_the_folder_is_damage(
    field: str, value: object, memory: Any, tmp_path: Path
) -> None:
    make(machine(tmp_path / "one"))
    path = f"bucket/store/normalize/{KEY}/manifest.json"
    manifest = {**json.loads(memory.cat_file(path)), field: value}
    del manifest["manifest_digest"]
    sealed = {**manifest, "manifest_digest": digest_of(manifest)}
    memory.pipe_file(path, json.dumps(sealed).encode())
    found = machine(tmp_path / "two").find("normalize", KEY)
    assert isinstance(found, Damage)
    assert "has a garbled manifest" in found.why
    assert not (tmp_path / "out").exists()


def test_an_input_that_is_damaged_in_the_storage_is_uploaded_by_the_next_run(
    memory: Any, tmp_path: Path
) -> None:
    """The run has it whole, so only a worker notices."""
    make(machine(tmp_path / "run"))
    memory.rm(f"bucket/store/normalize/{KEY}/data.txt")
    worker = machine(tmp_path / "worker")
    with pytest.raises(StoreError, match=r"lacks data\.txt; run again"):
        worker.provide([worker.path("normalize", KEY)])
    assert isinstance(machine(tmp_path / "run").find("normalize", KEY), Artifact)
    worker.provide([worker.path("normalize", KEY)])
    memory.rm(f"bucket/store/normalize/{KEY}", recursive=True)
    other = machine(tmp_path / "other")
    with pytest.raises(StoreError, match="is gone; run again"):
        other.provide([other.path("normalize", KEY)])


def test_a_worker_sees_what_others_make_after_its_first_step(memory: Any, tmp_path: Path) -> None:
    worker = open_store(tmp_path / "worker", URL, lists=False)
    assert worker.find("normalize", KEY) is None
    made = make(machine(tmp_path / "one"))
    found = worker.find("normalize", KEY)
    assert isinstance(found, Artifact)
    assert found.digests == made.digests


def test_a_full_disk_is_not_blamed_on_the_storage(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(machine(tmp_path / "one"))

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(memory), "get_file", fail)
    with pytest.raises(StoreError, match=r"two cannot be written \(No space left on device\)"):
        machine(tmp_path / "two").find("normalize", KEY)


def test_a_copy_that_is_damaged_here_is_downloaded_again(memory: Any, tmp_path: Path) -> None:
    made = make(machine(tmp_path))
    (made.folder / "data.txt").unlink()
    found = machine(tmp_path).find("normalize", KEY)
    assert isinstance(found, Artifact)
    assert (found.folder / "data.txt").read_text() == "hello"


def test_several_threads_download_once(memory: Any, tmp_path: Path) -> None:
    make(machine(tmp_path / "one"))
    store = machine(tmp_path / "two")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: store.find("normalize", KEY), range(8)))
    assert all(isinstance(each, Artifact) for each in found)
    assert content(store.path("normalize", KEY)) == content(tmp_path / "one" / "normalize" / KEY)


def test_an_artifact_of_another_process_is_found_after_a_listing(
    memory: Any, tmp_path: Path
) -> None:
    store = machine(tmp_path / "two")
    assert store.find("normalize", KEY) is None
    make(machine(tmp_path / "one"))
    assert store.find("normalize", KEY) is None
    assert isinstance(store.find_new("normalize", KEY), Artifact)
    shutil.rmtree(tmp_path / "two")
    store.provide([store.path("normalize", KEY)])
    assert (store.path("normalize", KEY) / "data.txt").exists()


@pytest.mark.slow
def test_an_s3_server_shares_artifacts(bucket: Any, tmp_path: Path) -> None:
    assert_shared(f"s3://{BUCKET}/store", tmp_path)
    keys = [each["Key"] for each in bucket.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert sorted(key.rpartition("/")[2] for key in keys) == [
        "data.txt",
        "manifest.json",
        "page.html",
    ]
    body = bucket.get_object(Bucket=BUCKET, Key=f"store/normalize/{KEY}/manifest.json")["Body"]
    assert json.loads(body.read())["key"] == KEY


@pytest.mark.slow
def test_an_object_whose_name_is_an_absolute_path_is_left_alone(
    bucket: Any, tmp_path: Path
) -> None:
    url, outside = f"s3://{BUCKET}/store", tmp_path / "outside.txt"
    make(machine(tmp_path / "one", url))
    bucket.put_object(Bucket=BUCKET, Key=f"store/normalize/{KEY}/{outside}", Body=b"hello")
    assert isinstance(machine(tmp_path / "two", url).find("normalize", KEY), Artifact)
    assert not outside.exists()


@pytest.mark.slow
def test_a_stage_is_listed_in_one_request_for_a_thousand_objects(
    bucket: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(50):
        key = f"store/normalize/{number:032x}/manifest.json"
        bucket.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    storage = ObjectStorage(f"s3://{BUCKET}/store")
    with caplog.at_level(logging.INFO, logger="werkzeug"):
        assert len(storage.keys("normalize")) == 50
    requests = [each for each in caplog.messages if "HTTP/1.1" in each]
    assert 1 <= len(requests) <= 3


@pytest.mark.slow
def test_storage_that_cannot_be_used_is_one_sentence(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match="no such bucket"):
        make(machine(tmp_path / "none", "s3://no-such-bucket/store"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store = RemoteStore(tmp_path, ObjectStorage(f"s3://{BUCKET}/other"))
    with pytest.raises(StoreError, match="no connection") as raised:
        store.find("normalize", KEY)
    assert SECRET not in str(raised.value)
