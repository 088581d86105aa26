"""Serve reports and Great Expectations' pages over HTTP."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from flows.prefect_server.locks import POLL_SECONDS
from reviewflow.errors import UsageError

SERVED = ("runs", "store")  # and not Prefect's own home


def file_routes(artifacts: Path) -> list[Mount]:
    """Return the routes of the folders served, which may come later.

    They are ``/reviewflow/runs/…`` and ``/reviewflow/store/…``.
    """
    return [
        Mount(f"/reviewflow/{name}", StaticFiles(directory=artifacts / name, check_dir=False))
        for name in SERVED
    ]


@contextmanager
def file_server(artifacts: Path, host: str, port: int) -> Iterator[None]:
    """Serve the files on a port of their own while the body runs.

    Raises
    ------
    UsageError : if the port is taken.
    """
    app = Starlette(routes=[*file_routes(artifacts)])
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise UsageError(
                f"Reports cannot be served: {host}:{port} is taken; end the program that listens "
                "there and run again."
            )
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
