"""Serve reports and Great Expectations' pages over HTTP."""

import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hmac import compare_digest
from http import HTTPStatus
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from flows.prefect_server.locks import POLL_SECONDS
from reviewflow.errors import UsageError

SERVED = ("runs", "store", "trends")  # and not Prefect's own home


def file_routes(artifacts: Path, password: str | None = None) -> list[Mount]:
    """Return the routes of the folders served, which may come later.

    They are ``/reviewflow/runs/…`` and likewise for the others.

    Parameters
    ----------
    password : ``name:password`` that a reader must give. None asks for nothing.
    """
    folders = {name: StaticFiles(directory=artifacts / name, check_dir=False) for name in SERVED}
    return [
        Mount(f"/reviewflow/{name}", files if password is None else protect(files, password))
        for name, files in folders.items()
    ]


def protect(app: ASGIApp, password: str) -> ASGIApp:
    """Return an application that asks for a password as Prefect's API does."""
    expected = b"Basic " + b64encode(password.encode())

    async def ask(scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if compare_digest(given, expected):
            await app(scope, receive, send)
            return
        asks = {"WWW-Authenticate": 'Basic realm="reviewflow"'}
        refusal = PlainTextResponse("A password is needed.", HTTPStatus.UNAUTHORIZED, asks)
        await refusal(scope, receive, send)

    return ask


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
