"""Whether a lock is held is seen without taking it, by any number of readers at once."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from reviewflow.errors import StoreError
from reviewflow.store.locks import hold_lock, is_locked, step_lock, try_step_lock


def test_a_lock_is_held_until_its_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    assert not is_locked(path)
    descriptor = hold_lock(path)
    assert is_locked(path)
    assert is_locked(path)
    os.close(descriptor)
    assert not is_locked(path)
    assert not is_locked(tmp_path / ".lock" / "in a file")


def test_readers_do_not_see_one_another(tmp_path: Path) -> None:
    """One reader in the middle of asking does not make the next read "held"."""
    path = tmp_path / ".lock"
    path.touch(mode=0o444)
    with path.open("rb") as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        assert not is_locked(path)


def test_a_lock_that_may_not_be_opened_or_asked_counts_as_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ".lock"
    path.touch()

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    def without_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as patch:
        patch.setattr("reviewflow.store.locks.os.open", refuse)
        assert is_locked(path)
    with monkeypatch.context() as patch:
        patch.setattr("reviewflow.store.locks.fcntl.flock", without_locks)
        assert is_locked(path)
    assert not is_locked(path)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_gives_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def without_locks(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", without_locks)
    for lock in (step_lock, try_step_lock):
        with (
            pytest.raises(StoreError) as raised,
            lock(tmp_path / "store", "train", "0"),
        ):
            pass
        assert str(raised.value) == (
            f"The artifacts folder {tmp_path / 'store'} is on a file system without file locks "
            f"({os.strerror(number)}); choose another with --artifacts."
        )


def test_a_folder_that_cannot_be_made_is_named_by_its_option(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "scores"
    with pytest.raises(StoreError) as raised, try_step_lock(folder, "scores", "0", "output"):
        pass
    assert str(raised.value) == (
        f"The output folder {folder} cannot be written (Not a directory); "
        "choose another with --output."
    )


def test_a_step_that_is_locked_is_not_waited_for(tmp_path: Path) -> None:
    with step_lock(tmp_path, "train", "0"), try_step_lock(tmp_path, "train", "0") as held:
        assert not held
    with try_step_lock(tmp_path, "train", "0") as held:
        assert held
        assert is_locked(tmp_path / ".locks" / "train-0")
