"""Reports over HTTP, with a password and without."""

from base64 import b64encode
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from flows.prefect_server.static import file_routes
from tests.reviewflow.reporting.example import NASTY
from tests.reviewflow.runs.nightly_runs import write_nightly_runs

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


def test_the_list_of_runs_is_behind_the_password_and_names_nothing_else(tmp_path: Path) -> None:
    write_nightly_runs(tmp_path / "runs", 3)
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "prefect.db").write_text("a database")
    client = TestClient(Starlette(routes=[*file_routes(tmp_path, PASSWORD, "http://ui.test")]))
    given = {"Authorization": basic(PASSWORD)}
    for path in ("/reviewflow/", "/reviewflow/?name=nightly", "/reviewflow/nothing"):
        assert client.get(path).status_code == 401
    page = client.get("/reviewflow/", headers=given)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.text.count("2024-01-0") >= 3
    assert 'href="http://ui.test"' in page.text
    assert client.get("/reviewflow", headers=given).url.path == "/reviewflow/"
    odd = client.get("/reviewflow/", params={"name": NASTY, "before": NASTY}, headers=given)
    assert odd.status_code == 200
    assert "<script" not in odd.text
    for path in ("/reviewflow/prefect/prefect.db", "/reviewflow/%2e%2e/etc/passwd"):
        assert client.get(path, headers=given).status_code == 404


def test_runs_that_cannot_be_read_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("not a folder")
    answer = TestClient(Starlette(routes=[*file_routes(tmp_path)])).get("/reviewflow/")
    assert answer.status_code == 500
    assert answer.text.startswith(f"The runs in {tmp_path / 'runs'} cannot be read")


@pytest.mark.parametrize("folder", ["runs", "store", "trends"])
def test_without_a_password_reports_are_open(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "page.html").write_text("a report")
    client = TestClient(Starlette(routes=[*file_routes(tmp_path)]))
    assert client.get(f"/reviewflow/{folder}/page.html").text == "a report"
