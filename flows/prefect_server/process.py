"""Serve Prefect's API and UI from one home until nobody uses it any more.

Started by :mod:`flows.prefect_server.startup` as
``python -m flows.prefect_server.process HOME ALIVE PORT HOST USUAL``. ``ALIVE`` is the number of an
inherited file descriptor whose lock shows that this process lives; port 0 stands for the usual
port, or else any. Where the port is taken, the exit code is ``errno.EADDRINUSE``.
"""

import errno
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import uvicorn

from flows.prefect_server.gc_freeze import gc_freeze
from flows.prefect_server.locks import EXCLUSIVE, POLL_SECONDS, lock, open_in
from reviewflow.store.files import write_atomically

SHUTDOWN_SECONDS = 45  # longest that writing down what was sent, and ending, may take


def main() -> None:
    """Serve Prefect's API and UI from the home given until it has no user."""
    home, alive = Path(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(alive, False)
    port, host, usual = int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
    listener = _listener(port, host, usual)
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    os.environ["PREFECT_UI_API_URL"] = "/api"  # where the page came from; else it calls port 4200
    description = {
        "api_url": f"{base_url}/api",
        "ui_url": base_url,
        "host": host,
        "usual_port": port or usual,
        "pid": os.getpid(),
    }
    write_atomically(home / "server.json", json.dumps(description, indent=2) + "\n")

    with gc_freeze():
        from prefect.server.api.server import create_app
        from prefect.settings import get_current_settings

        from flows.prefect_server.static import file_routes

        api = get_current_settings().server.api
        password = api.auth_string.get_secret_value() if api.auth_string else None
        app = create_app(final=True)
        app.router.routes[:0] = file_routes(home.parent, password)

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            timeout_keep_alive=api.keepalive_timeout,
            timeout_graceful_shutdown=3,
            log_level="warning",
        )
    )
    threading.Thread(target=_end_after_last, args=(home, server), daemon=True).start()
    server.run(sockets=[listener])
    os._exit(0)  # all is shut down; Prefect's idle threads would take another second


def _listener(port: int, host: str, usual: int) -> socket.socket:
    """Listen on a port, or on the usual one, or else on any."""
    for number in (port,) if port else (usual, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
            listener.listen(2048)  # from here on nobody else can have the port
        except OSError:
            listener.close()
        else:
            return listener
    sys.exit(errno.EADDRINUSE)


def _end_after_last(home: Path, server: uvicorn.Server) -> None:
    """End the server once nobody else holds the lock of its users.

    Whoever comes from then on waits for a new server.
    """
    while not server.started:  # never in the middle of setting up the database
        time.sleep(POLL_SECONDS)
    with open_in(home, "server.users") as users:
        lock(users, EXCLUSIVE)
        signal.alarm(SHUTDOWN_SECONDS)  # the kernel's, should anything below or in Prefect hang
        _await_written_events()
        server.should_exit = True
        threading.Event().wait()  # the lock is freed by the end of the process, not before


def _await_written_events() -> None:
    """Wait until the server has written down every event it was sent.

    States of task runs reach the database through an in-memory queue that Prefect drops when it
    ends; its own counts of published and consumed messages tell when the queue is empty. A message
    that cannot be written is never counted, so two seconds without progress are enough as well.
    """
    from prefect.server.utilities.messaging.memory import METRICS

    seen: list[tuple[int, int]] = []
    while len(seen) < 100 or len(set(seen[-100:])) > 1:
        topics = list(METRICS.values())
        counts = (sum(t["published"] for t in topics), sum(t["consumed"] for t in topics))
        seen.append(counts)
        if counts[0] == counts[1] and len(seen) >= 10 and len(set(seen[-10:])) == 1:
            return
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    main()
