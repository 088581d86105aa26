"""Where a page is for readers outside Prefect's UI."""

from pathlib import Path

import pytest

from tasks.environment import KEPT, OWN_SERVER, SHOWN_AT, UI
from tasks.links import report_address

ARTIFACTS = Path("/srv/artifacts")
PAGE = ARTIFACTS / "runs" / "one" / "report.html"
OWN, SERVED = "http://127.0.0.1:4300/api", "/reviewflow/runs/one/report.html"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({OWN_SERVER: OWN}, None),  # this server ends with the run
        ({OWN_SERVER: OWN, UI: "1:home"}, f"http://127.0.0.1:4300{SERVED}"),
        ({OWN_SERVER: OWN, KEPT: "1"}, f"http://127.0.0.1:4300{SERVED}"),
        ({OWN_SERVER: OWN, SHOWN_AT: "https://ui.example.org/"}, f"https://ui.example.org{SERVED}"),
        ({"PREFECT_API_URL": "https://else.example.org/api"}, f"http://127.0.0.1:4210{SERVED}"),
    ],
)
def test_an_address_is_given_where_it_lasts(
    environment: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (OWN_SERVER, KEPT, UI, SHOWN_AT, "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert report_address(PAGE, ARTIFACTS) == expected
    assert report_address(Path("/tmp/page.html"), ARTIFACTS) is None
