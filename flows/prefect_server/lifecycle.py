"""Share one Prefect server a checkout among all runs.

::

    run A ──┐                                   ┌── server (a process in a session of its own)
    run B ──┼── server.users, a shared lock ────┤   waits for the exclusive lock on server.users:
    run C ──┘   held as long as the run lives   └── it gets it when nobody is left, and ends

The kernel frees a lock when its holder dies, so this holds after a ``kill -9`` too, and no run has
to end the server. The first run starts it. In Prefect's home: ``server.alive`` is locked by the
server as long as it lives, ``server.lock`` by whoever decides whether to start one, ``server.json``
says where it listens, ``server.log`` is what it prints.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO

from flows.prefect_server.gc_freeze import gc_freeze
from flows.prefect_server.locks import (
    EXCLUSIVE,
    POLL_SECONDS,
    SHARED,
    is_ui_up,
    lock,
    open_in,
    try_lock,
    unlock,
)
from flows.prefect_server.startup import (
    PASSWORD,
    Startup,
    await_given,
    full_disk,
    is_alive,
    is_full,
)
from reviewflow.errors import ReviewflowError
from tasks.environment import KEPT, OWN_SERVER

EXIT_SECONDS = 60.0  # longest wait for the server; longer than it gives itself
LOOPBACK = "127.0.0.1"
SERVER_PASSWORD = "PREFECT_SERVER_API_AUTH_STRING"  # name:password that the server asks for

# what removed runs leave behind (see prune) goes at the start of a server and every hour
KEEPS_NO_ORPHANS = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,orphans",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ORPHAN_CLEANUP_LOOP_SECONDS": "3600",
}
# a run that waits for another one starts soon after its end; Prefect looks every 30 s
WAITS_BRIEFLY = {"PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "15"}
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
    still_starting: Callable[[], None] = lambda: None,
    joins_any: bool = False,
) -> Iterator[str]:
    """Keep a Prefect server up while the body runs.

    To be entered before Prefect is imported. A server that the user named in ``PREFECT_API_URL`` is
    used as it is. Otherwise the server that lives in `home` is joined, or started there. The
    environment of this process (and so of its children) points at it inside the body. What Prefect
    still has to send is sent before leaving, and the last to leave returns when the server has
    ended.

    Parameters
    ----------
    home : Prefect's home: its database, results and settings, and this module's files.
    port : where to listen; by default Prefect's usual port where it is free, else any.
    host : the address to listen on.
    meanwhile : a module to import while the server starts.
    still_starting : called every few seconds while the server starts.
    joins_any : whether a server that is there may listen on another port.

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
    if given and given != os.environ.get(OWN_SERVER):
        prefect_home = os.environ.get("PREFECT_HOME", str(home))
        with _environment(PREFECT_HOME=prefect_home, **_quiet()):
            _import_prefect(meanwhile)
            await_given(given)
            yield given
        return
    values = {"PREFECT_HOME": str(home), **_quiet(), **_past_proxies(), **_own_password()}
    ours = KEEPS_NO_ORPHANS | WAITS_BRIEFLY
    values |= {name: os.environ.get(name, value) for name, value in ours.items()}
    with _registration(home), _environment(**values):
        startup = Startup(home, port, host, still_starting, joins_any)
        url = startup.find_or_start()
        kept = {KEPT: "1"} if is_ui_up(home) else {}
        with _environment(PREFECT_API_URL=url, **{OWN_SERVER: url}, **kept):
            _import_prefect(meanwhile)  # takes as long as the server's start, so do it now
            startup.await_answer(url)
            try:
                with _report_full_disk(home):
                    yield url
            finally:
                _send_the_rest()


@contextmanager
def _registration(home: Path) -> Iterator[None]:
    """Register as a user of the server.

    Blocks until a previous server has exited.
    """
    with open_in(home, "server.users") as users:
        lock(users, SHARED)
        try:
            yield
        finally:
            _unregister(users, home)


def _unregister(users: IO[str], home: Path) -> None:
    """Stop being a user, and wait for the server if no other is left."""
    unlock(users)
    deadline = time.monotonic() + EXIT_SECONDS
    while is_alive(home) and time.monotonic() < deadline:
        # Exclusive can be had: nobody is left, and the server is about to notice. Only shared can
        # be had: other runs are there. Neither can be had: the server has the lock and is ending.
        if not try_lock(users, EXCLUSIVE) and try_lock(users, SHARED):
            return
        unlock(users)
        time.sleep(POLL_SECONDS)


def _import_prefect(module: str) -> None:
    """Import a module that uses Prefect, and the engine that it needs."""
    with gc_freeze():
        import_module(module)
        import_module("prefect.flow_engine")
        import_module("prefect.task_engine")


@contextmanager
def _report_full_disk(home: Path) -> Iterator[None]:
    """Name the disk where Prefect failed because it is full."""
    try:
        yield
    except ReviewflowError:
        raise
    except Exception as error:
        if is_full(home):
            raise full_disk(home) from error
        raise


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set environment variables for the body, and in Prefect's settings."""
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
        if "PREFECT_HOME" in os.environ:  # else Prefect makes ~/.prefect, which nobody needs
            _refresh_settings()


def _refresh_settings() -> None:
    context = sys.modules.get("prefect.context")
    if context is not None:
        context.refresh_global_settings_context()


def _quiet() -> dict[str, str]:
    """Return variables that keep Prefect from printing and phoning home.

    A failed task's traceback belongs in the UI; the terminal gets one sentence from the command.
    """
    level = os.environ.get("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    return {**NOTHING_PHONES_HOME, "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": level}


def _past_proxies() -> dict[str, str]:
    """Return variables that keep proxies out of calls to this machine."""
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = ",".join(filter(None, [known, "127.0.0.1"]))
    return {"no_proxy": hosts, "NO_PROXY": hosts}


def _own_password() -> dict[str, str]:
    """Return the variable that gives our server its own password."""
    password = os.environ.get(SERVER_PASSWORD)
    return {PASSWORD: os.environ.get(PASSWORD, password)} if password else {}


def _send_the_rest() -> None:
    """Send the logs and states that Prefect's threads still hold."""
    for module, worker in (
        ("prefect.events.worker", "EventsWorker"),
        ("prefect.logging.handlers", "APILogWorker"),
    ):
        if module in sys.modules:
            getattr(sys.modules[module], worker).drain_all(timeout=10)
