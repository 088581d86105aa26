"""Whether a ``reviewflow ui`` keeps the server."""

from pathlib import Path

from flows.prefect_server.locks import SHARED, UI_LOCK, is_ui_up, lock, open_in, take_ui_lock


def test_a_ui_is_up_as_long_as_it_holds_its_lock(tmp_path: Path) -> None:
    assert not is_ui_up(tmp_path)
    with open_in(tmp_path, UI_LOCK) as file:
        assert take_ui_lock(file)
        assert is_ui_up(tmp_path)
        with open_in(tmp_path, UI_LOCK) as other:
            assert not take_ui_lock(other)
    assert not is_ui_up(tmp_path)


def test_runs_that_look_do_not_see_each_other(tmp_path: Path) -> None:
    with open_in(tmp_path, UI_LOCK) as file:
        lock(file, SHARED)
        assert not is_ui_up(tmp_path)
