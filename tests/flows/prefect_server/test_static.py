"""Reports over HTTP, with a password and without."""

from base64 import b64encode
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from flows.prefect_server.static import file_routes

PASSWORD = "ann:not for everybody"


def test_reports_ask_for_the_password(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "page.html").write_text("a report")
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "prefect.db").write_text("a database")
    client = TestClient(Starlette(routes=[*file_routes(tmp_path, PASSWORD)]))
    page = "/reviewflow/runs/page.html"
    for header in (None, "Basic", f"Bearer {PASSWORD}", basic("ann:wrong"), basic("")):
        refused = client.get(page, headers={"Authorization": header} if header else {})
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Basic ")
        assert "a report" not in refused.text
    given = client.get(page, headers={"Authorization": basic(PASSWORD)})
    assert (given.status_code, given.text) == (200, "a report")
    outside = "/reviewflow/runs/%2e%2e/prefect/prefect.db"
    assert client.get(outside, headers={"Authorization": basic(PASSWORD)}).status_code == 404


def basic(password: str) -> str:
    """The header that gives a password."""
    return f"Basic {b64encode(password.encode()).decode()}"


@pytest.mark.parametrize("folder", ["runs", "store", "trends"])
def test_without_a_password_reports_are_open(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "page.html").write_text("a report")
    client = TestClient(Starlette(routes=[*file_routes(tmp_path)]))
    assert client.get(f"/reviewflow/{folder}/page.html").text == "a report"
