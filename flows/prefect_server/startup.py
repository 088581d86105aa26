"""Find the server of a home or start one, and wait until it answers.

::

    server.lock ─▶ alive? ─▶ start a process ─▶ server.json says where ─▶ it answers
                      └────────────────────────────▲
"""

import errno
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing, suppress
from http import HTTPStatus
from pathlib import Path

from flows.prefect_server.locks import EXCLUSIVE, POLL_SECONDS, SHARED, lock, open_in, try_lock
from reviewflow.errors import ReviewflowError, StoreError, UsageError

USUAL_PORT, MOST_PORTS = 4200, 65536  # Prefect's
START_SECONDS = 120.0  # longest wait for a server, which takes 5 to 60 s to start
START_VARIABLE = "REVIEWFLOW_START_SECONDS"  # another longest wait, for a slow machine
STILL_SECONDS = 5.0  # time between two calls that say that the server still starts
ANSWER_SECONDS = 10.0  # longest wait for a server that somebody else looks after
LOCKED_SECONDS = 3.0  # longest wait for a database that somebody else is using
PASSWORD = "PREFECT_API_AUTH_STRING"  # what a client of the server sends, name:password
NEEDED_BYTES = 5 << 20  # with less than that free, the database of a new server is not made


class Startup:
    """The wait for the server of one home.

    Parameters
    ----------
    home : Prefect's home.
    port : where a new server listens; None for Prefect's usual port where it is free, else any.
    host : the address it listens on.
    joins_any : whether a server that is there may listen on another port.
    still_starting : called every `STILL_SECONDS` while the server starts.

    Raises
    ------
    UsageError : if the environment names no number of seconds to wait.
    """

    def __init__(
        self,
        home: Path,
        port: int | None,
        host: str,
        still_starting: Callable[[], None],
        joins_any: bool = False,
    ) -> None:
        self.home, self.port, self.host, self.joins_any = home, port, host, joins_any
        self.seconds = _start_seconds()
        self.process: subprocess.Popen[bytes] | None = None
        self._still_starting = still_starting
        self._began = self._last_call = time.monotonic()

    def find_or_start(self) -> str:
        """Return the address of the API of the server, which may not answer yet.

        Raises
        ------
        ReviewflowError : if a server cannot be started.
        UsageError : if a port is asked for that is taken, or a server listens on another.
        """
        with open_in(self.home, "server.lock") as decision:
            lock(decision, EXCLUSIVE)
            if not is_alive(self.home):
                self._start()
            while self._may_wait():
                if url := self._address():
                    return url
                self._pause()
        raise self._failure()

    def await_answer(self, url: str) -> None:
        """Return when the server answers.

        Raises
        ------
        ReviewflowError : if it does not, with the reason.
        """
        while self._may_wait():
            if _is_healthy(url):
                _check_password(url)
                return
            self._pause()
        raise self._failure()

    def _may_wait(self) -> bool:
        """Return whether the server lives and there is time left."""
        return time.monotonic() - self._began < self.seconds and is_alive(self.home)

    def _pause(self) -> None:
        """Wait a moment, and report every few seconds that this goes on."""
        if time.monotonic() - self._last_call >= STILL_SECONDS:
            self._last_call = time.monotonic()
            self._still_starting()
        time.sleep(POLL_SECONDS)

    def _start(self) -> None:
        """Start a server that outlives this process.

        It inherits the lock that shows that it lives.
        """
        if self.port:
            check_port(self.host, self.port)
        _check_database(self.home / "prefect.db")
        usual = self._usual_port()
        (self.home / "server.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "flows.prefect_server.process", str(self.home)]
        log_path = self.home / "server.log"
        with open_in(self.home, "server.alive") as alive, log_path.open("wb") as log:
            lock(alive, EXCLUSIVE)
            self.process = subprocess.Popen(
                [*command, str(alive.fileno()), str(self.port or 0), self.host, str(usual)],
                cwd=Path(__file__).parents[2],  # where this very package is
                env={
                    name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(alive.fileno(),),
                start_new_session=True,
            )
        threading.Thread(target=self.process.wait, daemon=True).start()  # leaves no zombie

    def _usual_port(self) -> int:
        """Return the port that was asked for last, so that addresses stay right."""
        try:
            port = json.loads((self.home / "server.json").read_text())["usual_port"]
        except (OSError, ValueError, KeyError, TypeError):
            return USUAL_PORT
        return port if isinstance(port, int) and 0 < port < MOST_PORTS else USUAL_PORT

    def _address(self) -> str | None:
        """Return the address that the server has written down, if it has."""
        path = self.home / "server.json"
        try:
            content = json.loads(path.read_text())
            url, host = str(content["api_url"]), content.get("host", self.host)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise ReviewflowError(
                f"{path} is damaged; end every run and reviewflow ui of this folder, and run again."
            ) from None
        if self.port and not self.joins_any and f":{self.port}/" not in url:
            raise UsageError(
                f"A run is going on, whose server listens at {url.removesuffix('/api')}; "
                "wait for its end, or choose that port."
            )
        if self.port and host != self.host:
            raise UsageError(
                f"A run is going on, whose server listens on {host} and not on {self.host}; "
                "wait for its end."
            )
        return url

    def _failure(self) -> ReviewflowError:
        """End the server that was started here, and return why it does not answer."""
        slow = is_alive(self.home)
        if self.process is not None:
            self.process.kill()
            if self.process.wait() == errno.EADDRINUSE:
                return port_taken(self.host, self.port or 0, "it was taken just now")
        if is_full(self.home):
            return full_disk(self.home)
        log = self.home / "server.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception): .", line)]
        if errors:
            return ReviewflowError(
                f"Prefect's server did not start; its log {log} says “{errors[-1][:200]}”. Mend "
                f"that, or delete {self.home} (which loses the history in Prefect's UI and no "
                "results), and run again."
            )
        if slow:
            return ReviewflowError(
                f"Prefect's server did not answer within {self.seconds:.0f} s, and its log {log} "
                "shows no error: the machine may be slow. Run again, and set "
                f"{START_VARIABLE}={3 * self.seconds:.0f} to wait longer."
            )
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ReviewflowError(
            f"Prefect's server ended before it answered; its log {log} "
            + (f"ends with “{last[:200]}”. Run again." if last else "is empty. Run again.")
        )


def await_given(url: str) -> None:
    """Return when anything answers at the address that the user chose.

    Raises
    ------
    ReviewflowError : if nothing does.
    """
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=ANSWER_SECONDS).close()
        except urllib.error.HTTPError:
            return  # it answers, if only to ask who we are
        except (OSError, ValueError) as error:
            if time.monotonic() > deadline or isinstance(error, ValueError):
                raise ReviewflowError(
                    f"No Prefect server answers at {url}, the address in PREFECT_API_URL; "
                    "start that server, or unset the variable to use one of this checkout's own."
                ) from error
            time.sleep(10 * POLL_SECONDS)
        else:
            return


def is_alive(home: Path) -> bool:
    """Return whether a server lives in a home."""
    try:
        with (home / "server.alive").open() as alive:
            return not try_lock(alive, SHARED)
    except FileNotFoundError:
        return False


def is_full(home: Path) -> bool:
    """Return whether the disk is too full for Prefect's database."""
    return shutil.disk_usage(home).free < NEEDED_BYTES


def full_disk(home: Path) -> StoreError:
    """Return the error of a full disk."""
    return StoreError(
        f"Prefect's database cannot be written: the disk that holds {home} is full; "
        "free space or choose another with --artifacts."
    )


def check_port(host: str, port: int) -> None:
    """Raise UsageError if nobody can listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            raise port_taken(host, port, str(error.strerror)) from None


def port_taken(host: str, port: int, why: str) -> UsageError:
    """Return the error of a port that the server cannot have."""
    return UsageError(f"The server cannot listen on {host}:{port} ({why}); choose another --port.")


def _start_seconds() -> float:
    given = os.environ.get(START_VARIABLE)
    try:
        seconds = float(given or START_SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < threading.TIMEOUT_MAX:
        raise UsageError(
            f"{START_VARIABLE} is {given!r}; give a number of seconds above 0, such as 300."
        )
    return seconds


def _check_database(path: Path) -> None:
    """Raise ReviewflowError if another program keeps the database to itself.

    A new server would wait for it for a minute and say nothing. What else may be wrong with the
    file, the server reports better.
    """
    with suppress(sqlite3.DatabaseError):
        database = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=LOCKED_SECONDS)
        with closing(database):
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    raise ReviewflowError(
                        f"Prefect's database {path} is locked by another program; end that one "
                        "(a Prefect server that was left behind?) and run again."
                    ) from None
            database.rollback()


def _check_password(url: str) -> None:
    """Raise UsageError if the server asks for another password than ours."""
    request = urllib.request.Request(f"{url}/admin/version")
    if password := os.environ.get(PASSWORD):
        request.add_header("Authorization", f"Basic {b64encode(password.encode()).decode()}")
    try:
        _direct().open(request, timeout=ANSWER_SECONDS).close()
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.UNAUTHORIZED:
            raise UsageError(
                f"Prefect's server at {url.removesuffix('/api')} asks for a password; set "
                f"{PASSWORD} to the name:password with which reviewflow ui was started."
            ) from None
    except OSError:
        pass  # the first real call says why


def _direct() -> urllib.request.OpenerDirector:
    """Return what opens addresses of this machine, past any proxy."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _is_healthy(url: str) -> bool:
    try:
        with _direct().open(f"{url}/health", timeout=2) as answer:
            return bool(answer.read() == b"true")
    except (OSError, ValueError):
        return False
