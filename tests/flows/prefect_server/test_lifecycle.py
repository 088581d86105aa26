"""The one Prefect server of a checkout, with the real server, real processes and real signals."""

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from flows.prefect_server import startup
from flows.prefect_server.lifecycle import LOOPBACK, prefect_server
from flows.prefect_server.locks import EXCLUSIVE, lock
from flows.prefect_server.startup import Startup
from reviewflow.errors import ReviewflowError, UsageError
from tasks.environment import OWN_SERVER

USER = """
import sys
from pathlib import Path
from flows.prefect_server.lifecycle import prefect_server
with prefect_server(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""

FLOW = """
import sys
from pathlib import Path
from flows.prefect_server.lifecycle import prefect_server
with prefect_server(Path(sys.argv[1])):
    from prefect import flow, task
    @task
    def work(number): return number
    @flow
    def many():
        for future in [work.submit(number) for number in range(60)]: future.result()
    many()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for the module: setting up Prefect's database takes longer than all the rest."""
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(autouse=True)
def _no_server_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PREFECT_API_URL", "PREFECT_HOME", OWN_SERVER, startup.START_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def join(home: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start processes that use the server until their standard input is closed."""
    users: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        user = subprocess.Popen(
            [sys.executable, "-c", USER, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        users.append(user)
        return user

    yield start
    for user in users:
        user.kill()
        user.communicate()
    gone(home)


def address(user: subprocess.Popen[str]) -> str:
    assert user.stdout
    return user.stdout.readline().strip()


def servers(home: Path) -> list[psutil.Process]:
    """Living server processes of `home`; one that waits to be reaped is dead."""
    living = []
    for process in psutil.process_iter():
        try:
            if (
                "flows.prefect_server.process" in process.cmdline()
                and str(home) in process.cmdline()
            ):
                living.append(process)
        except psutil.Error:
            continue
    return living


def gone(home: Path, seconds: float = 30) -> bool:
    """Wait until no server of `home` is left."""
    deadline = time.monotonic() + seconds
    while servers(home) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not servers(home)


@pytest.mark.slow
def test_runs_that_start_at_once_share_one_server_that_ends_after_the_last(
    home: Path, join: Callable[[], subprocess.Popen[str]]
) -> None:
    first, second = join(), join()
    assert address(first) == address(second) != ""
    (process,) = servers(home)
    described = json.loads((home / "server.json").read_text())
    assert described["pid"] == process.pid
    assert {c.laddr.ip for c in process.net_connections() if c.status == "LISTEN"} == {"127.0.0.1"}

    first.communicate(timeout=20)
    assert first.returncode == 0
    assert servers(home) == [process]
    second.communicate(timeout=20)
    assert second.returncode == 0
    assert servers(home) == []  # gone when the last one returns, not some time later


@pytest.mark.slow
def test_kill_of_the_starter_leaves_the_server_to_the_others_and_then_nothing(
    home: Path, join: Callable[[], subprocess.Popen[str]]
) -> None:
    starter = join()
    url = address(starter)
    other = join()
    assert address(other) == url
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    late = join()  # by the time it has joined, a server that was ending would have
    assert address(late) == url
    assert len(servers(home)) == 1
    late.communicate(timeout=20)

    os.killpg(other.pid, signal.SIGKILL)
    other.wait()
    assert gone(home)
    assert not (home / "prefect.db-wal").exists()  # it ended in order and closed its database


@pytest.mark.slow
def test_kill_of_the_only_run_while_its_server_starts_leaves_nothing(
    home: Path, join: Callable[[], subprocess.Popen[str]]
) -> None:
    (home / "server.json").unlink(missing_ok=True)
    user = join()
    while not (home / "server.json").exists():
        assert user.poll() is None
        time.sleep(0.01)
    assert len(servers(home)) == 1
    os.killpg(user.pid, signal.SIGKILL)
    assert gone(home)


class Answers(BaseHTTPRequestHandler):
    """A stranger that says that it is healthy."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"true")

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture
def stranger() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answers) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}/api"
        listening.shutdown()


@pytest.mark.slow
def test_a_stale_address_is_not_believed_and_every_task_run_is_recorded(
    home: Path, stranger: str
) -> None:
    stale = {"api_url": stranger, "pid": os.getpid()}
    (home / "server.json").write_text(json.dumps(stale))
    subprocess.run([sys.executable, "-c", FLOW, str(home)], check=True, timeout=60)
    assert servers(home) == []
    assert json.loads((home / "server.json").read_text())["api_url"] != stranger
    with sqlite3.connect(home / "prefect.db") as database:
        states = database.execute("select state_name, count(*) from task_run group by 1").fetchall()
    assert states == [("Completed", 60)]


def test_a_server_that_the_user_chose_is_used_and_none_is_started(
    tmp_path: Path, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", stranger)
    with prefect_server(tmp_path) as url:
        assert url == stranger
        assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
        assert os.environ["DO_NOT_TRACK"] == "1"
    assert list(tmp_path.iterdir()) == []
    assert "DO_NOT_TRACK" not in os.environ


def test_a_chosen_server_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "ANSWER_SECONDS", 0.2)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with (
        pytest.raises(ReviewflowError, match=r"answers at http://127\.0\.0\.1:9/api"),
        prefect_server(tmp_path),
    ):
        pass


def test_a_slow_start_is_a_sentence_that_says_how_to_wait_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(startup.START_VARIABLE, "1")
    monkeypatch.setattr(startup, "STILL_SECONDS", 0.1)
    calls: list[float] = []
    with (
        pytest.raises(ReviewflowError) as caught,
        prefect_server(tmp_path, still_starting=lambda: calls.append(time.monotonic())),
    ):
        pass
    sentence = str(caught.value)
    assert "did not answer within 1 s" in sentence
    assert "the machine may be slow" in sentence
    assert f"{startup.START_VARIABLE}=3 to wait longer" in sentence
    assert "delete" not in sentence
    assert calls
    assert servers(tmp_path) == []


@pytest.mark.parametrize("given", ["soon", "0", "-1", "nan", "inf"])
def test_a_wrong_time_to_wait_is_a_sentence(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(startup.START_VARIABLE, given)
    with (
        pytest.raises(UsageError, match="give a number of seconds above 0"),
        prefect_server(tmp_path),
    ):
        pass
    assert servers(tmp_path) == []


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", "is empty. Run again."),
        ("Starting\n\n", "ends with “Starting”. Run again."),
        ("Starting\nsqlite3.DatabaseError: no\nBye\n", "says “sqlite3.DatabaseError: no”. Mend"),
    ],
)
def test_a_server_that_ended_is_reported_with_its_log_and_delete_only_for_an_error(
    log: str, words: str, tmp_path: Path
) -> None:
    starting = Startup(tmp_path, None, LOOPBACK, lambda: None)
    starting.process = subprocess.Popen(["true"])
    (tmp_path / "server.log").write_text(log)
    with pytest.raises(ReviewflowError) as caught:
        starting.await_answer("http://127.0.0.1:9/api")
    assert words in str(caught.value)
    assert ("delete" in str(caught.value)) is ("Error" in log)


def test_a_port_that_is_taken_while_the_server_starts_is_a_sentence(
    tmp_path: Path, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(stranger.rpartition(":")[2].removesuffix("/api"))
    monkeypatch.setattr(startup, "check_port", lambda host, port: None)
    with (
        pytest.raises(UsageError, match=rf"127\.0\.0\.1:{port} .*choose another --port"),
        prefect_server(tmp_path, port=port),
    ):
        pass
    assert servers(tmp_path) == []


def test_a_damaged_server_json_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text("{")
    with (tmp_path / "server.alive").open("a") as alive:
        lock(alive, EXCLUSIVE)
        starting = Startup(tmp_path, None, LOOPBACK, lambda: None)
        with pytest.raises(ReviewflowError, match=r"server\.json is damaged"):
            starting.find_or_start()


def test_a_server_on_another_port_is_joined_unless_a_port_was_asked_for(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/api"
    (tmp_path / "server.json").write_text(json.dumps({"api_url": url, "host": LOOPBACK}))
    with (tmp_path / "server.alive").open("a") as alive:
        lock(alive, EXCLUSIVE)
        assert Startup(tmp_path, 4200, LOOPBACK, lambda: None, True).find_or_start() == url
        with pytest.raises(UsageError, match="or choose that port"):
            Startup(tmp_path, 4200, LOOPBACK, lambda: None).find_or_start()


@pytest.mark.parametrize("reason", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_file_system_without_locks_is_a_sentence(
    reason: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr("flows.prefect_server.locks.fcntl.flock", flock)
    with pytest.raises(ReviewflowError) as caught, prefect_server(tmp_path):
        pass
    sentence = str(caught.value)
    assert f"{tmp_path} cannot be locked ({os.strerror(reason)})" in sentence
    assert "--artifacts" in sentence
    assert servers(tmp_path) == []


@pytest.mark.slow
def test_a_server_that_cannot_start_is_reported_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "prefect.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(ReviewflowError) as caught, prefect_server(tmp_path):
        pass
    assert str(tmp_path / "server.log") in str(caught.value)
    assert "file is not a database" in str(caught.value)
    assert servers(tmp_path) == []


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ReviewflowError, match="cannot be written"),
        prefect_server(tmp_path / "file" / "prefect"),
    ):
        pass
