"""Garbage collection removes only what no run needs, also while runs are going."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reviewflow.config.sections import Config
from reviewflow.config.sentiment import read_config
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.pipeline.last_run import LastRun
from reviewflow.runs.gc import collect_garbage, remove_artifact, write_claims
from reviewflow.runs.history import (
    run_record,
    run_records,
    runs_by_artifact,
)
from reviewflow.runs.record import RunRecorder
from reviewflow.store.artifacts import Store
from reviewflow.store.catalog import entries
from reviewflow.store.locks import hold_lock, try_step_lock
from tests.reviewflow.small_store import TwoRuns, key_of, make_artifact, real_run, verify, write_run

OLD, NEW = "2024-01-01T00-00-00-aaaaaa", "2024-01-02T00-00-00-bbbbbb"


def kept_keys(artifacts: Path) -> set[int]:
    return {int(entry.key, 16) for entry in entries(artifacts / "store")}


def test_what_the_newest_runs_of_each_name_refer_to_stays(tmp_path: Path) -> None:
    for number in range(6):
        make_artifact(tmp_path, "train", number)
    write_run(tmp_path, OLD, [("train", key_of(0)), ("train", key_of(1))])
    write_run(tmp_path, NEW, [("train", key_of(1)), ("train", key_of(2))])
    write_run(tmp_path, "2023-01-01T00-00-00-cccccc", [("train", key_of(3))], name="other")
    write_run(tmp_path, "2022-01-01T00-00-00-dddddd", [("train", key_of(4))], job="moons")
    would = collect_garbage(tmp_path, 1, dry_run=True)
    assert kept_keys(tmp_path) == set(range(6))
    done = collect_garbage(tmp_path, 1)
    assert done == would
    assert {entry.key for entry in done.removed} == {key_of(0), key_of(5)}
    assert kept_keys(tmp_path) == {1, 2, 3, 4}
    assert done.freed_bytes == sum(entry.bytes for entry in done.removed) > 0
    assert done.kept_artifacts == 4
    assert len(run_records(tmp_path / "runs")) == 4
    assert list((tmp_path / "store" / ".making").iterdir()) == []


def test_failures_do_not_push_out_the_last_completed_run(tmp_path: Path) -> None:
    make_artifact(tmp_path, "train", 0)
    write_run(tmp_path, OLD, [("train", key_of(0))])
    for hour in range(3):
        write_run(tmp_path, f"2024-01-02T0{hour}-00-00-bbbbbb", state="failed")
    collect_garbage(tmp_path, 1, with_runs=True)
    assert kept_keys(tmp_path) == {0}
    assert [run.state for run in run_records(tmp_path / "runs")] == ["failed", "completed"]


def test_older_runs_go_only_if_asked_and_what_latest_points_at_stays(tmp_path: Path) -> None:
    for day in range(1, 6):
        write_run(tmp_path, f"2024-01-0{day}T00-00-00-aaaaaa")
    (tmp_path / "runs" / "latest").symlink_to("2024-01-02T00-00-00-aaaaaa")
    assert len(collect_garbage(tmp_path, 2, dry_run=True, with_runs=True).runs) == 2
    assert len(run_records(tmp_path / "runs")) == 5
    done = collect_garbage(tmp_path, 2, with_runs=True)
    assert done.freed_bytes > 0
    assert [run.run_id[9:10] for run in run_records(tmp_path / "runs")] == ["5", "4", "2"]
    assert (tmp_path / "runs" / "latest").resolve().is_dir()


@pytest.fixture
def going(tmp_path: Path) -> RunRecorder:
    """A run that is going on, in a folder with two artifacts that no run refers to."""
    make_artifact(tmp_path, "train", 1, fingerprint="wanted")
    make_artifact(tmp_path, "train", 2, fingerprint="unwanted")
    config = Config.model_validate({"ingest": {"path": "reviews.csv"}})
    return RunRecorder(tmp_path / "runs", "sentiment", "imdb", config)


def test_nothing_goes_while_a_run_has_not_said_what_it_uses(
    tmp_path: Path, going: RunRecorder
) -> None:
    done = collect_garbage(tmp_path, 1)
    assert kept_keys(tmp_path) == {1, 2}
    assert going.run_id in done.notes[0]
    going.finish("completed", None, {"stages": []})
    collect_garbage(tmp_path, 1)
    assert kept_keys(tmp_path) == set()


def test_what_a_run_may_find_stays_while_it_goes_on(tmp_path: Path, going: RunRecorder) -> None:
    write_claims(going.folder, ["wanted", "another"])
    make_artifact(tmp_path, "train", 3, fingerprint="made since", age_seconds=-5)
    (tmp_path / "store" / "train" / key_of(4)).mkdir()  # without a manifest, perhaps being mended
    assert [entry.key for entry in collect_garbage(tmp_path, 1).removed] == [key_of(2)]
    assert kept_keys(tmp_path) == {1, 3, 4}
    going.finish("cancelled", None, {})


def test_the_fingerprints_of_a_run_cover_whatever_it_can_find(two_runs: TwoRuns) -> None:
    """What a run has to claim: so much, and not what only the other run used."""
    planner = open_sentiment(read_config(two_runs.config), two_runs.artifacts, LastRun({}, {}))
    fingerprints = {
        planner.fingerprint(step).digest for node in planner.nodes for step in node.steps
    }
    used = runs_by_artifact(run_records(two_runs.artifacts / "runs"))
    for entry in entries(two_runs.artifacts / "store"):
        assert entry.manifest is not None
        if two_runs.first in used[entry.stage, entry.key]:
            assert entry.manifest["fingerprint"] in fingerprints
        elif entry.stage == "vocabulary":
            assert entry.manifest["fingerprint"] not in fingerprints


def test_what_is_locked_is_left_alone(tmp_path: Path) -> None:
    make_artifact(tmp_path, "train", 1)
    make_artifact(tmp_path, "train", 2)
    with Store(tmp_path / "store").lock("train", key_of(1)):
        with try_step_lock(tmp_path / "store", "train", key_of(1)) as held:
            assert not held
        done = collect_garbage(tmp_path, 1)
    assert [entry.key for entry in done.in_use] == [key_of(1)]
    assert kept_keys(tmp_path) == {1}


def test_lock_files_go_with_their_artifacts_unless_somebody_holds_them(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    make_artifact(tmp_path, "train", 1)
    for key in (key_of(1), key_of(2), key_of(3)):
        with store.lock("train", key):
            pass
    write_run(tmp_path, NEW, [("train", key_of(1))])
    locks = tmp_path / "store" / ".locks"
    with store.lock("train", key_of(2)):
        collect_garbage(tmp_path, 1)
        assert {path.name for path in locks.iterdir()} == {
            f"train-{key_of(1)}", f"train-{key_of(2)}",
        }  # fmt: skip
    collect_garbage(tmp_path, 1)
    assert {path.name for path in locks.iterdir()} == {f"train-{key_of(1)}"}


def test_many_holders_exclude_one_another_while_locks_are_removed(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    count = tmp_path / "count"
    count.write_text("0")

    def add(_: int) -> None:
        with Store(tmp_path / "store").lock("train", key_of(1)):
            count.write_text(str(int(count.read_text()) + 1))

    with ThreadPoolExecutor(4) as pool:
        adding = [pool.submit(add, number) for number in range(200)]
        while not all(each.done() for each in adding):
            collect_garbage(tmp_path, 1)
        for each in adding:
            each.result()
    assert count.read_text() == "200"


def test_a_crashed_run_keeps_what_it_came_for(tmp_path: Path) -> None:
    make_artifact(tmp_path, "train", 1, fingerprint="wanted")
    make_artifact(tmp_path, "train", 2, fingerprint="unwanted")
    folder = write_run(tmp_path, NEW, state="running")
    assert run_records(tmp_path / "runs")[0].state == "crashed"
    assert "crashed" in collect_garbage(tmp_path, 1).notes[0]
    assert kept_keys(tmp_path) == {1, 2}  # made since it began, and it has not said what it uses
    write_claims(folder, ["wanted"])
    collect_garbage(tmp_path, 1)
    assert kept_keys(tmp_path) == {1}


def test_a_run_that_started_since_it_was_decided_stops_the_removal(tmp_path: Path) -> None:
    folder = make_artifact(tmp_path, "train", 1).folder
    write_run(tmp_path, OLD)
    (entry,) = entries(tmp_path / "store")
    write_run(tmp_path, NEW, state="running")
    known = frozenset([OLD])
    assert remove_artifact(tmp_path / "store", entry, tmp_path / "runs", known) == "run started"
    assert folder.is_dir()
    assert remove_artifact(tmp_path / "store", entry, tmp_path / "runs", known | {NEW}) == "removed"
    assert not folder.exists()


def test_what_was_made_again_meanwhile_is_left_alone(tmp_path: Path) -> None:
    make_artifact(tmp_path, "train", 1)
    (entry,) = entries(tmp_path / "store")
    make_artifact(tmp_path, "train", 1, age_seconds=5)
    assert remove_artifact(tmp_path / "store", entry, tmp_path / "runs", frozenset()) == "in use"
    assert kept_keys(tmp_path) == {1}


def test_a_stray_folder_holds_nothing_back(tmp_path: Path) -> None:
    make_artifact(tmp_path, "train", 1)
    (tmp_path / "runs" / "notes").mkdir(parents=True)
    done = collect_garbage(tmp_path, 1)
    assert (done.notes, len(done.removed)) == ([], 1)
    assert (tmp_path / "runs" / "notes").is_dir()


def test_a_run_that_was_killed_before_it_got_its_name_is_removed(tmp_path: Path) -> None:
    """One that is about to get its name holds its lock, or is young."""
    names = [f".2024-01-01T00-00-00-00000{number}-aaaaaa" for number in range(3)]
    for name in names:
        (tmp_path / "runs" / name).mkdir(parents=True)
    for name in names[:2]:
        os.utime(tmp_path / "runs" / name, (0, 0))
    descriptor = hold_lock(tmp_path / "runs" / names[1] / ".lock")
    os.utime(tmp_path / "runs" / names[1], (0, 0))
    done = collect_garbage(tmp_path, 1)
    assert [left.folder.name for left in done.stale_temps] == names[:1]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == names[1:]
    os.close(descriptor)


def test_each_configuration_file_keeps_runs_of_its_own(tmp_path: Path) -> None:
    for number, folder in enumerate("xyxy"):
        make_artifact(tmp_path, "train", number)
        write_run(
            tmp_path, f"2024-01-0{number + 1}T00-00-00-aaaaaa", [("train", key_of(number))],
            config_file=f"/{folder}/imdb.yaml",
        )  # fmt: skip
    collect_garbage(tmp_path, 1)
    assert kept_keys(tmp_path) == {2, 3}


def test_two_collections_at_once_remove_each_artifact_once(tmp_path: Path) -> None:
    for number in range(30):
        make_artifact(tmp_path, "train", number)
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: collect_garbage(tmp_path, 1), range(3)))
    assert sum(len(each.removed) for each in done) == 30
    assert kept_keys(tmp_path) == set()


def test_a_run_after_a_removal_makes_again_what_is_missing_and_no_more(
    two_runs: TwoRuns, tmp_path: Path
) -> None:
    artifacts = two_runs.copied(tmp_path)
    before = {(entry.stage, entry.key) for entry in entries(artifacts / "store")}
    gone = {(entry.stage, entry.key) for entry in collect_garbage(artifacts, 1).removed}
    assert {stage for stage, _ in gone} == {
        *("vocabulary", "features", "validate_features", "train", "evaluate", "report")
    }
    again = run_record(artifacts / "runs" / real_run(two_runs.config, artifacts))
    stages = again.content["stages"]
    assert {(step["stage"], step["key"]) for step in stages if step["state"] == "ran"} == gone
    assert {(entry.stage, entry.key) for entry in entries(artifacts / "store")} == before
    assert verify(artifacts / "store").corruptions == ()
