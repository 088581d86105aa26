"""What lies in the store is listed, every damage is named, and only what nobody needs goes."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewflow.config import Config
from reviewflow.garbage import claim, collected
from reviewflow.history import past_runs, users
from reviewflow.inventory import entries, held_at_once
from reviewflow.record import Record
from reviewflow.store import Artifact, Store
from reviewflow.verification import Verification, verified
from tests.conftest import small_config, write_config
from tests.reviewflow.small_store import key_of, make_artifact, real_run, write_run

OLD, NEW = "2024-01-01T00-00-00-aaaaaa", "2024-01-02T00-00-00-bbbbbb"


def verify(store: Path, run_going: bool = False) -> Verification:
    return verified(store, run_going, lambda done, total: None)


@pytest.fixture(scope="module")
def done(reviews_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifacts folder of one real run of the whole job."""
    folder = tmp_path_factory.mktemp("done")
    config = write_config(folder / "small.yaml", small_config(reviews_file))
    real_run(config, folder / "artifacts")
    return folder / "artifacts"


def test_a_real_store_is_whole_and_every_artifact_is_used_by_its_run(done: Path) -> None:
    told: list[tuple[int, int]] = []
    seen = verified(done / "store", False, lambda *bytes_done: told.append(bytes_done))
    found, used = entries(done / "store"), users(past_runs(done / "runs"))
    assert (seen.faults, seen.leftovers) == ((), ())
    assert seen.artifacts == len(found) > 10
    assert told[-1] == (seen.bytes, seen.bytes)
    assert told == sorted(told)
    (run,) = past_runs(done / "runs")
    assert {(entry.stage, entry.key) for entry in found} == used.keys()
    assert set(map(tuple, used.values())) == {(run.run_id,)}
    assert found[0].stage == "suites"
    assert found[-1].stage == "report"


def test_every_single_flipped_byte_of_a_real_artifact_is_found(done: Path, tmp_path: Path) -> None:
    """Size and time stay, so that only hashing tells; the manifest's own digests count, too."""
    shutil.copytree(done / "store" / "vocabulary", tmp_path / "vocabulary")
    shutil.copytree(done / "store" / "ingest", tmp_path / "ingest")
    assert verify(tmp_path).faults == ()
    for entry in entries(tmp_path):
        for path in (path for path in entry.folder.iterdir() if path.is_file()):
            status, whole = path.stat(), path.read_bytes()
            places = [0, len(whole) // 2, len(whole) - 1]
            if path.name == "manifest.json":
                places = [whole.index(word) + len(word) + 4 for word in (b'"sha256"', b'"recipe"')]
                places += [whole.index(b'"code"') + 60, whole.index(b'"digests"') + 30]
            for place in places:
                path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
                assert verify(tmp_path).faults, (path, place)
            path.write_bytes(whole)
    assert verify(tmp_path).faults == ()


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
    (fault,) = verify(tmp_path / "store").faults
    assert words in fault.sentence
    assert fault.stage == "train"


@given(manifest=st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["stage", "key", "files", "digests", "recipe", "parts", "inputs", "given", "bytes",
             "sha256", "data.txt", "../../escape", "/etc/passwd"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=12,
))  # fmt: skip
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_manifest_whatever_it_says_makes_a_command_fail(tmp_path: Path, manifest: object) -> None:
    folder = make_artifact(tmp_path, "train", 1).folder
    known = json.loads((folder / "manifest.json").read_text())
    garbled = {**known, **manifest} if isinstance(manifest, dict) else manifest
    (folder / "manifest.json").write_text(json.dumps(garbled))
    faults = verify(tmp_path / "store").faults
    assert all("/etc" not in fault.sentence for fault in faults)
    assert len(entries(tmp_path / "store")) == 1
    collected(tmp_path, 1, dry_run=True)
    shutil.rmtree(folder)


def test_a_folder_in_the_making_is_a_leftover_once_its_maker_is_gone(tmp_path: Path) -> None:
    store, making = Store(tmp_path / "store"), tmp_path / "store" / ".making"
    make_artifact(tmp_path, "train", 1)
    (making / f"train-{key_of(1)}-abc").mkdir()
    (making / f"train-{key_of(1)}-abc" / "half").write_text("half")
    (making / "aside-xyz").mkdir()
    with store.lock("train", key_of(1)):
        assert verify(store.folder, run_going=True).leftovers == ()
    assert len(verify(store.folder, run_going=True).leftovers) == 1
    seen = verify(store.folder)
    assert (len(seen.leftovers), seen.faults) == (2, ())
    assert collected(tmp_path, 1).leftovers == list(seen.leftovers)
    assert list(making.iterdir()) == []


def kept_keys(artifacts: Path) -> set[int]:
    return {int(entry.key, 16) for entry in entries(artifacts / "store")}


def test_what_the_newest_runs_of_each_name_refer_to_stays(tmp_path: Path) -> None:
    for number in range(6):
        make_artifact(tmp_path, "train", number)
    write_run(tmp_path, OLD, [("train", key_of(0)), ("train", key_of(1))])
    write_run(tmp_path, NEW, [("train", key_of(1)), ("train", key_of(2))])
    write_run(tmp_path, "2023-01-01T00-00-00-cccccc", [("train", key_of(3))], name="other")
    write_run(tmp_path, "2022-01-01T00-00-00-dddddd", [("train", key_of(4))], job="moons")
    would = collected(tmp_path, 1, dry_run=True)
    assert kept_keys(tmp_path) == set(range(6))
    done = collected(tmp_path, 1)
    assert done == would
    assert [entry.key for entry in done.removed] == [key_of(5), key_of(0)] or len(done.removed) == 2
    assert kept_keys(tmp_path) == {1, 2, 3, 4}
    assert done.freed_bytes == sum(entry.bytes for entry in done.removed) > 0
    assert done.kept_artifacts == 4
    assert len(past_runs(tmp_path / "runs")) == 4
    assert list((tmp_path / "store" / ".making").iterdir()) == []


def test_failures_do_not_push_out_the_last_completed_run(tmp_path: Path) -> None:
    make_artifact(tmp_path, "train", 0)
    write_run(tmp_path, OLD, [("train", key_of(0))])
    for hour in range(3):
        write_run(tmp_path, f"2024-01-02T0{hour}-00-00-bbbbbb", state="failed")
    collected(tmp_path, 1, with_runs=True)
    assert kept_keys(tmp_path) == {0}
    assert [run.state for run in past_runs(tmp_path / "runs")] == ["failed", "completed"]


def test_older_runs_go_only_if_asked_and_what_latest_points_at_stays(tmp_path: Path) -> None:
    for day in range(1, 6):
        write_run(tmp_path, f"2024-01-0{day}T00-00-00-aaaaaa")
    (tmp_path / "runs" / "latest").symlink_to("2024-01-02T00-00-00-aaaaaa")
    assert len(collected(tmp_path, 2, dry_run=True, with_runs=True).runs) == 2
    assert len(past_runs(tmp_path / "runs")) == 5
    done = collected(tmp_path, 2, with_runs=True)
    assert done.freed_bytes > 0
    assert [run.run_id[9:10] for run in past_runs(tmp_path / "runs")] == ["5", "4", "2"]
    assert (tmp_path / "runs" / "latest").resolve().is_dir()


@pytest.fixture
def going(tmp_path: Path) -> Record:
    """A run that is going on, in a folder with two artifacts that no run refers to."""
    make_artifact(tmp_path, "train", 1, recipe="wanted")
    make_artifact(tmp_path, "train", 2, recipe="unwanted")
    config = Config.model_validate({"ingest": {"path": "reviews.csv"}})
    return Record(tmp_path / "runs", "sentiment", "imdb", config)


def test_nothing_goes_while_a_run_has_not_said_what_it_uses(tmp_path: Path, going: Record) -> None:
    done = collected(tmp_path, 1)
    assert kept_keys(tmp_path) == {1, 2}
    assert going.run_id in done.notes[0]
    going.finish("completed", None, {"stages": []})
    collected(tmp_path, 1)
    assert kept_keys(tmp_path) == set()


def test_what_a_run_may_find_stays_while_it_goes_on(tmp_path: Path, going: Record) -> None:
    claim(going.folder, ["wanted", "another"])
    make_artifact(tmp_path, "train", 3, recipe="made since", age_seconds=-5)
    (tmp_path / "store" / "train" / key_of(4)).mkdir()  # without a manifest, perhaps being mended
    assert [entry.key for entry in collected(tmp_path, 1).removed] == [key_of(2)]
    assert kept_keys(tmp_path) == {1, 3, 4}
    going.finish("cancelled", None, {})


def test_what_is_locked_is_left_alone(tmp_path: Path) -> None:
    make_artifact(tmp_path, "train", 1)
    make_artifact(tmp_path, "train", 2)
    with Store(tmp_path / "store").lock("train", key_of(1)):
        with held_at_once(tmp_path / "store", "train", key_of(1)) as held:
            assert not held
        done = collected(tmp_path, 1)
    assert [entry.key for entry in done.in_use] == [key_of(1)]
    assert kept_keys(tmp_path) == {1}


def test_a_crashed_run_keeps_what_it_came_for(tmp_path: Path) -> None:
    make_artifact(tmp_path, "train", 1, recipe="wanted")
    make_artifact(tmp_path, "train", 2, recipe="unwanted")
    folder = write_run(tmp_path, NEW, state="running")
    assert past_runs(tmp_path / "runs")[0].state == "crashed"
    assert "crashed" in collected(tmp_path, 1).notes[0]
    assert kept_keys(tmp_path) == {1, 2}  # made since it began, and it has not said what it uses
    claim(folder, ["wanted"])
    collected(tmp_path, 1)
    assert kept_keys(tmp_path) == {1}


def test_a_run_that_starts_in_the_middle_stops_the_removal(tmp_path: Path) -> None:
    """The runs' folder is looked at around each removal: here a run appears at the first one."""
    for number in range(3):
        make_artifact(tmp_path, "train", number)
    (tmp_path / "runs").mkdir()
    begun = []

    class Beginning(FileLock):
        """A lock at whose first acquisition a run starts."""

    def start(lock: object, *arguments: object, **options: object) -> object:
        if not begun:
            begun.append(write_run(tmp_path, NEW, state="running"))
        return acquire(lock, *arguments, **options)  # type: ignore[arg-type]

    acquire = FileLock.acquire
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileLock, "acquire", start)
        done = collected(tmp_path, 1)
    assert done.removed == []
    assert "started meanwhile" in done.notes[0]
    assert kept_keys(tmp_path) == {0, 1, 2}


def test_two_collections_at_once_remove_each_artifact_once(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for number in range(30):
        make_artifact(tmp_path, "train", number)
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: collected(tmp_path, 1), range(3)))
    assert sum(len(each.removed) for each in done) == 30
    assert kept_keys(tmp_path) == set()


def test_a_real_run_after_removal_makes_again_what_is_missing(
    reviews_file: Path, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "small.yaml", small_config(reviews_file))
    artifacts = tmp_path / "artifacts"
    real_run(config, artifacts)
    kept = {(entry.stage, entry.key) for entry in entries(artifacts / "store")}
    second = real_run(config, artifacts, ("vectorize.max_features=200",))
    done = collected(artifacts, 1)
    gone = {(entry.stage, entry.key) for entry in done.removed}
    assert gone
    assert gone < kept
    assert not {"ingest", "normalize"} & {stage for stage, _ in gone}
    again = past_runs(artifacts / "runs")[0]
    assert isinstance(again.run_id, str)
    third = real_run(config, artifacts)
    assert second != third
    stages = json.loads((artifacts / "runs" / third / "run.json").read_text())["stages"]
    assert {(s["stage"], s["key"]) for s in stages if s["state"] == "ran"} == gone
    assert all(
        isinstance(Store(artifacts / "store", verify=True).find(stage, key), Artifact)
        for stage, key in kept
    )
