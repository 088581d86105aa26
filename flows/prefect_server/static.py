"""The files of the runs over HTTP: reports, and what Great Expectations wrote of the checks."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from reviewflow.errors import UsageError

SERVED = ("runs", "store")  # and not Prefect's own home


def file_routes(artifacts: Path) -> list[Mount]:
    """``/reviewflow/runs/…`` and ``/reviewflow/store/…``; the folders may come later."""
    return [
        Mount(f"/reviewflow/{name}", StaticFiles(directory=artifacts / name, check_dir=False))
        for name in SERVED
    ]


@contextmanager
def served_files(artifacts: Path, host: str, port: int) -> Iterator[None]:
    """Serve them on a port of their own while the body runs.

    Raises
    ------
    UsageError : if the port is taken.
    """
    app = Starlette(routes=file_routes(artifacts))
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise UsageError(f"Reports cannot be served: {host}:{port} is taken.")
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
