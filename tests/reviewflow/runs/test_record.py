"""A run's record is written as it starts and ends, and a crash is noticed."""

import errno
import fcntl
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reviewflow import __version__
from reviewflow.config.sections import Config
from reviewflow.errors import StoreError
from reviewflow.pipeline.keys import Fingerprint
from reviewflow.pipeline.last_run import LastRun
from reviewflow.runs.history import run_record, run_records, run_summary
from reviewflow.runs.identity import RunIdentity
from reviewflow.runs.keys_file import PARTS
from reviewflow.runs.record import RunRecorder, last_run
from tests.reviewflow.small_store import edit_json, key_of, write_run

OLD = "2024-01-01T00-00-00-aaaaaa"


def recorder(runs: Path, **arguments: Any) -> RunRecorder:
    config = Config.model_validate({"ingest": {"path": "reviews.csv"}})
    return RunRecorder(runs, "sentiment", "imdb", config, **arguments)


def test_a_run_whose_process_has_ended_reads_as_crashed(tmp_path: Path) -> None:
    record = recorder(tmp_path / "runs")
    assert run_record(record.folder).state == "running"
    write_run(tmp_path, OLD, state="running")
    assert run_record(tmp_path / "runs" / OLD).state == "crashed"
    record.finish("failed", "the reason", {})
    assert run_summary(run_record(record.folder))["error"] == "the reason"


def test_two_readers_of_a_crashed_run_both_see_that_it_crashed(tmp_path: Path) -> None:
    folder = write_run(tmp_path, OLD, state="running")
    with (folder / ".lock").open("rb") as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)  # as the other does while it asks
        assert run_record(folder).state == "crashed"


def test_a_lock_that_may_not_be_opened_does_not_read_as_crashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_run(tmp_path, OLD, state="running")

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("reviewflow.store.locks.os.open", refuse)
    assert run_record(folder).state == "running"


def test_runs_of_one_second_have_an_order(tmp_path: Path) -> None:
    records = [recorder(tmp_path / "runs") for _ in range(20)]
    ids = [record.run_id for record in records]
    assert ids == sorted(ids)
    assert [run.run_id for run in run_records(tmp_path / "runs")] == ids[::-1]
    started = [record.head["started"] for record in records]
    assert started == sorted(started)
    assert len(started[0]) == len("2026-11-26T23:21:42.947+00:00")
    for record in records:
        record.finish("completed", None, {})
        content = json.loads((record.folder / "run.json").read_text())
        assert content["finished"] >= content["started"]
    assert (tmp_path / "runs" / "latest").readlink().name == ids[-1]


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Have records written at a moment."""
    monkeypatch.setattr("reviewflow.runs.record.datetime", FixedClock)
    monkeypatch.setattr(FixedClock, "moment", moment)


class FixedClock(datetime):
    """A clock that stands still."""

    moment = datetime(2031, 10, 26, 3, 30, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        """Return the moment."""
        return cls.moment


def test_runs_keep_their_order_and_length_where_the_clock_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = FixedClock.moment
    set_clock(monkeypatch, night)
    first = recorder(tmp_path)
    set_clock(monkeypatch, night - timedelta(hours=1))
    ended = first.finish("completed", None, {})
    assert 0 <= ended["seconds"] < 60
    assert ended["finished"] >= ended["started"]
    second = recorder(tmp_path)
    assert second.run_id.startswith("2031-10-26T03-30-00-000001-")
    second.finish("completed", None, {})
    assert [run.run_id for run in run_records(tmp_path)] == [second.run_id, first.run_id]


def test_a_run_of_a_wrong_clock_dates_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = FixedClock.moment
    set_clock(monkeypatch, night + timedelta(days=400))
    recorder(tmp_path)
    set_clock(monkeypatch, night)
    assert recorder(tmp_path).run_id.startswith("2031-10-26T03-30-00-000000-")


def test_without_a_start_its_id_says_when_a_run_started(tmp_path: Path) -> None:
    """Ids of version 0.1 have whole seconds, and may end in six digits as well."""
    ids = ["2024-01-01T00-00-01-250000-aaaaaa", "2024-01-01T00-00-01-123456", OLD]
    for run_id in ids:
        write_run(tmp_path, run_id, started="some day")
    found = run_records(tmp_path / "runs")
    assert [run.run_id for run in found] == ids
    assert [run.started_seconds % 10 for run in found] == [1.25, 1.0, 0.0]


def test_a_run_has_its_name_once_its_record_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    seen = []
    rename = Path.rename

    def look(folder: Path, name: Path) -> Path:
        seen.append((name.exists(), sorted(path.name for path in folder.iterdir())))
        assert run_records(runs) == []
        return rename(folder, name)

    monkeypatch.setattr(Path, "rename", look)
    recorder(runs).finish("failed", "the reason", {})
    assert seen == [(False, [".lock", "run.json"])]


def test_an_artifacts_folder_without_room_or_locks_gives_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match=r"file cannot be written \(Not a directory\); choose"):
        recorder(tmp_path / "file" / "runs")

    def without_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", without_locks)
    with pytest.raises(StoreError) as raised:
        recorder(tmp_path / "runs")
    assert str(raised.value) == (
        f"The artifacts folder {tmp_path} is on a file system without file locks "
        "(No locks available); choose another with --artifacts."
    )
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_run_whose_end_cannot_be_written_reads_as_crashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = recorder(tmp_path / "runs")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("reviewflow.runs.record.write_atomically", full)
        with pytest.raises(StoreError, match="No space left"):
            record.finish("completed", None, {})
        with pytest.raises(StoreError, match="free space"):
            recorder(tmp_path / "runs")
    assert [run.state for run in run_records(tmp_path / "runs")] == ["crashed"]
    assert not (tmp_path / "runs" / "latest").exists()


def test_a_record_names_its_configuration_file_and_the_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = recorder(tmp_path / "runs", config_file="configs/imdb.yaml")
    content = json.loads((record.folder / "run.json").read_text())
    assert content["config_file"] == str(tmp_path / "configs" / "imdb.yaml")
    assert content["environment"]["packages"]["reviewflow"] == __version__
    assert run_record(record.folder).identity == record.identity
    without = recorder(tmp_path / "runs")
    assert without.head["config_file"] is None


def keys_of(number: int) -> dict[str, Any]:
    """The content of a keys.json with a number to tell it apart."""
    parts: dict[str, Any] = {name: {} for name in PARTS}
    fingerprint = {"stage": "train", **parts, "settings": {"number": number}}
    return {"train[relu]": {"fingerprint": fingerprint, "keys": [key_of(number)]}}


def write_keys(artifacts: Path, run_id: str, number: int, **content: Any) -> None:
    folder = write_run(artifacts, run_id, **content)
    (folder / "keys.json").write_text(json.dumps(keys_of(number)))


def number_of(found: LastRun) -> int | None:
    known = found.fingerprints.get("train[relu]")
    return None if known is None else known["settings"]["number"]


def test_the_last_run_is_of_the_same_configuration_and_data(tmp_path: Path) -> None:
    def ingest(path: str) -> dict[str, Any]:
        return {"ingest": {"path": path}}

    write_keys(tmp_path, "2024-01-01T00-00-00-aaaaaa", 1, config=ingest("a.csv"))
    write_keys(
        tmp_path, "2024-01-02T00-00-00-bbbbbb", 2,
        config_file="/x/imdb.yaml", config=ingest("a.csv"), state="failed",
        environment={"packages": {"reviewflow": "0.2.0"}},
    )  # fmt: skip
    write_keys(
        tmp_path, "2024-01-03T00-00-00-cccccc", 3,
        config_file="/y/imdb.yaml", config=ingest("a.csv"),
    )  # fmt: skip
    write_keys(
        tmp_path, "2024-01-04T00-00-00-dddddd", 4,
        config_file="/x/imdb.yaml", config=ingest("b.csv"),
    )  # fmt: skip
    write_keys(tmp_path, "2024-01-05T00-00-00-eeeeee", 5, name="other", config=ingest("a.csv"))
    write_run(tmp_path, "2024-01-06T00-00-00-ffffff", config=ingest("a.csv"))  # without keys

    def last(
        name: str, config_file: str | None, data: str | None, job: str = "sentiment"
    ) -> LastRun:
        return last_run(tmp_path / "runs", RunIdentity(job, name, config_file, data))

    assert number_of(last("imdb", "/x/imdb.yaml", "a.csv")) == 2
    assert last("imdb", "/x/imdb.yaml", "a.csv").version == "0.2.0"
    assert number_of(last("imdb", "/y/imdb.yaml", "a.csv")) == 3
    assert number_of(last("imdb", "/x/imdb.yaml", "b.csv")) == 4
    assert number_of(last("imdb", None, "a.csv")) == 3
    assert number_of(last("imdb", "/z/imdb.yaml", "a.csv")) == 1  # of which no file is known
    assert last("imdb", "/z/imdb.yaml", "a.csv").version == "0.1"
    assert number_of(last("imdb", "/z/imdb.yaml", "c.csv")) is None
    first = last("new", "/x/new.yaml", "a.csv")
    assert (dict(first.fingerprints), first.other_runs, first.version) == ({}, True, None)
    assert last("moons", None, None, "moons") == LastRun({}, {})


def test_what_a_run_did_not_reach_keeps_the_version_that_knew_it(tmp_path: Path) -> None:
    """Version 0.1 made a node that neither of two later runs reached."""
    runs, identity = tmp_path / "runs", RunIdentity("sentiment", "imdb")
    write_keys(tmp_path, OLD, 1)
    assert last_run(runs, identity).version_of("train[relu]") == "0.1"
    made_of = Fingerprint("split", {}, {}, {}, {}, {}, {})
    for _ in range(2):
        record = recorder(runs)
        record.write_keys({"split": (made_of, [key_of(2)])}, last_run(runs, identity))
        record.finish("failed", "stopped", {})
        found = last_run(runs, identity)
        assert (found.version, found.version_of("split")) == (__version__, __version__)
        assert found.version_of("train[relu]") == "0.1"


def test_keys_that_are_garbled_are_passed_over(tmp_path: Path) -> None:
    write_keys(tmp_path, "2024-01-01T00-00-00-aaaaaa", 1)
    for day, garbled in enumerate(["[]", "{", '{"train[relu]": 3}', "[" * 100_000], 2):
        run_id = f"2024-01-0{day}T00-00-00-bbbbbb"
        write_keys(tmp_path, run_id, day)
        (tmp_path / "runs" / run_id / "keys.json").write_text(garbled)
    write_keys(tmp_path, "2024-01-09T00-00-00-cccccc", 9)
    keys = tmp_path / "runs" / "2024-01-09T00-00-00-cccccc" / "keys.json"
    edit_json(keys, lambda content: content["train[relu]"]["fingerprint"].pop("code"))
    assert number_of(last_run(tmp_path / "runs", RunIdentity("sentiment", "imdb"))) == 1
