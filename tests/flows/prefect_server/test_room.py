"""The schedule stays up while the disk is full."""

from pathlib import Path

import pytest

from flows.prefect_server import room
from flows.prefect_server.room import Room


def fail() -> None:
    raise OSError("no room")


def test_what_fails_on_a_full_disk_is_told_once_and_done_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = True
    monkeypatch.setattr(room, "is_full", lambda home: full)
    watched = Room(tmp_path)
    for _ in range(3):
        with watched.patience():
            fail()
    full = False
    for _ in range(2):
        with watched.patience():
            pass
    first, last = capsys.readouterr().out.splitlines()
    assert f"the disk that holds {tmp_path} is full" in first
    assert first.endswith("The schedule goes on.")
    assert last == "There is room on the disk again."


def test_what_fails_while_room_is_made_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True, False])
    monkeypatch.setattr(room, "is_full", lambda home: next(answers))
    with Room(tmp_path).patience():
        fail()


def test_what_fails_otherwise_ends_the_ui(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no room"), Room(tmp_path).patience():
        fail()
