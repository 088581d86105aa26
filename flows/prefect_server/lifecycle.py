"""One Prefect server a checkout: the first run that needs it starts it, and it ends after the last.

::

    run A ──┐                                   ┌── server (a process in a session of its own)
    run B ──┼── server.users, a shared lock ────┤   waits for the exclusive lock on server.users:
    run C ──┘   held as long as the run lives   └── it gets it when nobody is left, and ends

The kernel frees a lock when its holder dies, so this holds after a ``kill -9`` too, and no run has
to end the server. Beside it in Prefect's home: ``server.alive`` is locked by the server as long as
it lives, ``server.lock`` by whoever decides whether to start one, ``server.json`` says where it
listens, ``server.log`` is what it prints.
"""

import fcntl
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
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO

from flows.prefect_server.gc_freeze import for_good
from reviewflow.errors import ReviewflowError, StoreError, UsageError

START_SECONDS = 60.0
END_SECONDS = 60.0  # longer than flows.prefect_server.process gives itself
ANSWER_SECONDS = 10.0  # longest wait for a server that somebody else looks after
LOCKED_SECONDS = 3.0  # longest wait for a database that somebody else is using
POLL_SECONDS = 0.02
NEEDED_BYTES = 5 << 20  # with less than that free, the database of a new server is not made
OURS = "REVIEWFLOW_PREFECT_API_URL"  # set beside PREFECT_API_URL where this module chose it
LOOPBACK = "127.0.0.1"

NOTHING_PHONES_HOME = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}


@contextmanager
def prefect_server(
    home: Path,
    port: int | None = None,
    host: str = LOOPBACK,
    meanwhile: str = "prefect.flows",
) -> Iterator[str]:
    """Have a Prefect server up while the body runs; enter this before importing Prefect.

    A server that the user named in ``PREFECT_API_URL`` is used as it is. Otherwise the server that
    lives in `home` is joined, or started there. The environment of this process (and so of its
    children) points at it inside the body. What Prefect still had to send is sent before leaving,
    and the last to leave returns when the server has ended.

    Parameters
    ----------
    home : Prefect's home: its database, results and settings, and this module's files.
    port : where to listen; by default Prefect's usual port where it is free, else any.
    host : the address to listen on.
    meanwhile : a module to import while the server starts.

    Yields
    ------
    str
        The address of the API, ``http://127.0.0.1:4200/api``.

    Raises
    ------
    ReviewflowError
        If no server answers, with the file or the variable to look at.
    UsageError
        If a port is asked for that is taken, or the server that is joined listens on another.
    """
    given = os.environ.get("PREFECT_API_URL")
    home = home.absolute()
    if given and given != os.environ.get(OURS):
        prefect_home = os.environ.get("PREFECT_HOME", str(home))
        with _environment(PREFECT_HOME=prefect_home, **_quiet()):
            _import_prefect(meanwhile)
            _await_given(given)
            yield given
        return
    with _joined(home), _environment(PREFECT_HOME=str(home), **_quiet(), **_past_proxies()):
        started, url = _find_or_start(home, port, host)
        with _environment(PREFECT_API_URL=url, **{OURS: url}):
            _await_ours(home, url, started, meanwhile)
            try:
                with _told_of_a_full_disk(home):
                    yield url
            finally:
                _send_what_is_left()


# -------------------------------------------------------------------------- joining and leaving


def file_in(home: Path, name: str) -> IO[str]:
    """A file of Prefect's home, made where it is missing, to be locked.

    Raises
    ------
    ReviewflowError : if the home cannot be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        return (home / name).open("a")
    except OSError as error:
        raise ReviewflowError(
            f"Prefect's home {home} cannot be written ({error.strerror}); "
            "make it writable or choose another folder with --artifacts."
        ) from error


@contextmanager
def _joined(home: Path) -> Iterator[None]:
    """Be counted among the users; waits while an earlier server is still ending."""
    with file_in(home, "server.users") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield
        finally:
            _leave(users, home)


def _leave(users: IO[str], home: Path) -> None:
    """Stop being a user; where no other is left, wait until the server is gone."""
    fcntl.flock(users, fcntl.LOCK_UN)
    deadline = time.monotonic() + END_SECONDS
    while _alive(home) and time.monotonic() < deadline:
        # Exclusive can be had: nobody is left, and the server is about to notice. Only shared can
        # be had: other runs are there. Neither can be had: the server has the lock and is ending.
        if not _try_lock(users, fcntl.LOCK_EX) and _try_lock(users, fcntl.LOCK_SH):
            return
        fcntl.flock(users, fcntl.LOCK_UN)
        time.sleep(POLL_SECONDS)


def _alive(home: Path) -> bool:
    """Tell whether a server lives in `home`, whatever process id or port it had."""
    try:
        with (home / "server.alive").open() as alive:
            return not _try_lock(alive, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# ---------------------------------------------------------------------------- finding, starting


def _find_or_start(
    home: Path, port: int | None, host: str
) -> tuple[subprocess.Popen[bytes] | None, str]:
    """Return the process if one had to be started, and the address of the API."""
    with (home / "server.lock").open("a") as decision:
        fcntl.flock(decision, fcntl.LOCK_EX)
        process = None if _alive(home) else _start(home, port, host)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and _alive(home):
            try:
                url = str(json.loads((home / "server.json").read_text())["api_url"])
            except FileNotFoundError:
                time.sleep(POLL_SECONDS)
            except (ValueError, KeyError, TypeError):
                break
            else:
                if port and f":{port}/" not in url:
                    raise UsageError(
                        f"A run is going on, whose server listens at {url.removesuffix('/api')}; "
                        "wait for its end, or choose that port."
                    )
                return process, url
    raise _did_not_start(home)


def _start(home: Path, port: int | None, host: str) -> subprocess.Popen[bytes]:
    """Start a server that outlives this process; it inherits the lock that tells it is alive."""
    if port:
        _check_port(host, port)
    _check_database(home / "prefect.db")
    (home / "server.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "flows.prefect_server.process"]
    with (home / "server.alive").open("a") as alive, (home / "server.log").open("wb") as log:
        fcntl.flock(alive, fcntl.LOCK_EX)
        process = subprocess.Popen(
            [*command, str(home), str(alive.fileno()), str(port or 0), host],
            cwd=Path(__file__).parents[2],  # where this very package lies
            env={name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(alive.fileno(),),
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie
    return process


def _check_port(host: str, port: int) -> None:
    """Raise UsageError if nobody can listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            raise UsageError(
                f"The server cannot listen on {host}:{port} ({error.strerror}); "
                "choose another --port."
            ) from None


def _check_database(path: Path) -> None:
    """Raise ReviewflowError if another program keeps the database to itself.

    A new server would wait for it for a minute and say nothing. What else may be wrong with the
    file, the server tells better.
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


def _await_ours(
    home: Path, url: str, started: subprocess.Popen[bytes] | None, meanwhile: str
) -> None:
    """Return when the server in `home` answers; Prefect's import takes as long, so do it now."""
    _import_prefect(meanwhile)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and _alive(home):
        if _healthy(url):
            return
        time.sleep(POLL_SECONDS)
    if started is not None:
        started.kill()
    raise _did_not_start(home)


def _import_prefect(module: str) -> None:
    """Import a module that uses Prefect; flows need the engine from their first call on."""
    with for_good():
        import_module(module)
        import_module("prefect.flow_engine")
        import_module("prefect.task_engine")


def _await_given(url: str) -> None:
    """Return when anything answers at the address that the user chose."""
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


def _healthy(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{url}/health", timeout=2) as answer:
            return bool(answer.read() == b"true")
    except (OSError, ValueError):
        return False


@contextmanager
def _told_of_a_full_disk(home: Path) -> Iterator[None]:
    """Say so where Prefect gave up because its database could not be written."""
    try:
        yield
    except ReviewflowError:
        raise
    except Exception as error:
        if _full(home):
            raise _full_disk(home) from error
        raise


def _full(home: Path) -> bool:
    return shutil.disk_usage(home).free < NEEDED_BYTES


def _full_disk(home: Path) -> StoreError:
    return StoreError(
        f"Prefect's database cannot be written: the disk that holds {home} is full; "
        "free space or choose another with --artifacts."
    )


def _did_not_start(home: Path) -> ReviewflowError:
    if _full(home):
        return _full_disk(home)
    log = home / "server.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception): .", line)]
    said = (errors or [line.strip() for line in lines if line.strip()] or ["nothing"])[-1]
    return ReviewflowError(
        f"Prefect's server did not start; its log {log} says “{said[:200]}”. Mend that, or delete "
        f"{home} (which loses the history in Prefect's UI and no results), and run again."
    )


# -------------------------------------------------------------------------------- around Prefect


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set environment variables for the body, for a Prefect that is already imported too."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    _refresh_settings()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _refresh_settings()


def _refresh_settings() -> None:
    context = sys.modules.get("prefect.context")
    if context is not None:
        context.refresh_global_settings_context()


def _quiet() -> dict[str, str]:
    # a failed task's traceback belongs in the UI; the terminal gets one sentence from the command
    level = os.environ.get("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    return {**NOTHING_PHONES_HOME, "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": level}


def _past_proxies() -> dict[str, str]:
    """Keep Prefect's clients from asking a proxy for a server on this machine."""
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = ",".join(filter(None, [known, "127.0.0.1"]))
    return {"no_proxy": hosts, "NO_PROXY": hosts}


def _send_what_is_left() -> None:
    """Send the logs and the states of task runs that Prefect's threads still hold."""
    for module, worker in (
        ("prefect.events.worker", "EventsWorker"),
        ("prefect.logging.handlers", "APILogWorker"),
    ):
        if module in sys.modules:
            getattr(sys.modules[module], worker).drain_all(timeout=10)
