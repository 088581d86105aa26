"""A server that is there: where it listens, and whether it takes our password."""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from flows.prefect_server.lifecycle import LOOPBACK
from flows.prefect_server.locks import EXCLUSIVE, lock
from flows.prefect_server.startup import PASSWORD, Startup
from reviewflow.errors import ReviewflowError, UsageError

OWN = "ann:not for everybody"


class Guarded(BaseHTTPRequestHandler):
    """Answers as Prefect's API does where it has a password."""

    def do_GET(self) -> None:
        """Answer whether it is healthy, and anything else to who knows the password."""
        expected = f"Basic {b64encode(OWN.encode()).decode()}"
        known = self.path == "/api/health" or self.headers.get("Authorization") == expected
        self.send_response(200 if known else 401)
        self.end_headers()
        self.wfile.write(b"true" if known else b"Unauthorized")

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home in which a server lives that has a password."""
    with (
        HTTPServer((LOOPBACK, 0), Guarded) as server,
        (tmp_path / "server.alive").open("a") as file,
    ):
        lock(file, EXCLUSIVE)
        url = f"http://{LOOPBACK}:{server.server_port}/api"
        (tmp_path / "server.json").write_text(json.dumps({"api_url": url, "host": LOOPBACK}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path
        server.shutdown()


def join(home: Path, port: int | None = None, host: str = LOOPBACK) -> str:
    """Find the server and wait for its answer."""
    startup = Startup(home, port, host, lambda: None)
    url = startup.find_or_start()
    startup.await_answer(url)
    return url


def test_the_password_is_given(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, OWN)
    assert join(home).endswith("/api")


@pytest.mark.parametrize("given", [None, "ann:wrong"])
def test_without_it_a_sentence_says_how_to_give_it(
    given: str | None, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    if given:
        monkeypatch.setenv(PASSWORD, given)
    with pytest.raises(UsageError, match=f"asks for a password; set {PASSWORD}") as refused:
        join(home)
    assert OWN not in str(refused.value)


def test_a_server_that_listens_elsewhere_is_not_taken_for_ours(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, OWN)
    url = json.loads((home / "server.json").read_text())["api_url"]
    port = int(url.rpartition(":")[2].removesuffix("/api"))
    assert join(home, port) == url
    with pytest.raises(UsageError, match=r"listens on 127\.0\.0\.1 and not on 0\.0\.0\.0"):
        join(home, port, "0.0.0.0")


@pytest.mark.parametrize(
    ("content", "port"),
    [
        (None, 4200),
        ('{"api_url": "http://127.0.0.1:4999/api"}', 4200),  # of version 0.2
        ('{"usual_port": 4300}', 4300),
        ('{"usual_port": "4300"}', 4200),
        ('{"usual_port": 70000}', 4200),
        ("[]", 4200),
        ("{", 4200),
    ],
)
def test_a_server_starts_on_the_port_that_was_asked_for_last(
    content: str | None, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    class Started:
        """A process that is not started."""

        def __init__(self, command: list[str], **_: object) -> None:
            asked.append(command)

        def wait(self) -> int:
            """End at once."""
            return 0

        def kill(self) -> None:
            """Do nothing."""

    if content is not None:
        (tmp_path / "server.json").write_text(content)
    monkeypatch.setattr("flows.prefect_server.startup.subprocess.Popen", Started)
    with pytest.raises(ReviewflowError, match="ended before it answered"):
        Startup(tmp_path, None, LOOPBACK, lambda: None).find_or_start()
    assert asked[0][-3:] == ["0", LOOPBACK, str(port)]
