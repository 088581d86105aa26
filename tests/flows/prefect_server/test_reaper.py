"""The end of runs whose process is gone, as Prefect receives it."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from flows.prefect_server import reaper
from flows.prefect_server.reaper import Reaper
from reviewflow.runs.history import RunRecord

Told = list[tuple[UUID, str | None]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """The ends that Prefect received; its disk is full at the first."""
    calls: Told = []

    def mark(identity: UUID, run: RunRecord | None) -> bool:
        calls.append((identity, run and run.state))
        if len(calls) == 1:
            raise OSError("no room")
        return True

    monkeypatch.setattr(reaper, "_mark", mark)
    return calls


def record(runs: Path, identity: UUID, state: str) -> None:
    """Write run.json of a flow run."""
    folder = runs / "2031-10-28T03-30-01-520139-99b65b"
    folder.mkdir(parents=True)
    content = {"state": state, "flow_run_id": str(identity), "started": "2031-10-28T03:30:01+00:00"}
    (folder / "run.json").write_text(json.dumps(content))


def test_a_gone_run_ends_at_the_second_look_once_prefect_has_room(
    tmp_path: Path, told: Told
) -> None:
    identity, runs = uuid4(), Reaper(tmp_path)
    record(tmp_path, identity, "failed")
    runs.mark_gone({identity})
    assert told == []
    with pytest.raises(OSError, match="no room"):
        runs.mark_gone({identity})
    for _ in range(3):
        runs.mark_gone({identity})
    assert told == [(identity, "failed")] * 2


def test_a_run_that_begins_again_may_go_again(tmp_path: Path, told: Told) -> None:
    identity, runs = uuid4(), Reaper(tmp_path)
    told.append((identity, "not the first call"))
    for gone in ({identity}, {identity}, set[UUID](), {identity}, {identity}):
        runs.mark_gone(gone)
    assert told[1:] == [(identity, None)] * 2


def test_a_crashed_run_is_marked_even_where_the_first_try_failed(
    tmp_path: Path, told: Told
) -> None:
    identity, runs = uuid4(), Reaper(tmp_path)
    record(tmp_path, identity, "running")  # nobody holds its lock
    assert runs.mark_zombies() == []
    with pytest.raises(OSError, match="no room"):
        runs.mark_zombies()
    assert len(runs.mark_zombies()) == 1
    assert runs.mark_zombies() == []
    assert told == [(identity, "crashed")] * 2
