"""Who can reach the UI, and what hides modules from its worker."""

from pathlib import Path

import pytest

from flows.prefect_server.lifecycle import SERVER_PASSWORD
from flows.prefect_server.ui_checks import check_host, check_modules, is_loopback
from reviewflow.errors import UsageError
from tests.conftest import ROOT

PASSWORD = "ann:not for everybody"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_this_machine_needs_no_password(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SERVER_PASSWORD, raising=False)
    assert is_loopback(host)
    check_host(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.4", "my-machine"])
def test_the_network_needs_a_password(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SERVER_PASSWORD, raising=False)
    with pytest.raises(UsageError, match=f"export {SERVER_PASSWORD}=NAME:PASSWORD"):
        check_host(host)
    monkeypatch.setenv(SERVER_PASSWORD, PASSWORD)
    check_host(host)


@pytest.mark.parametrize("name", ["flows.py", "tasks.py", "flows/__init__.py"])
def test_a_module_that_would_hide_ours_from_the_worker_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with pytest.raises(UsageError, match="from the worker; rename it"):
        check_modules(tmp_path)


def test_the_checkout_and_other_folders_hide_nothing(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    check_modules(tmp_path)
    check_modules(ROOT)
