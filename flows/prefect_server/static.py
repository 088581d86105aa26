"""Serve a list of all runs, reports and Data Docs over HTTP.

::

    /reviewflow/ ───────────────── a page of all runs, made when it is asked for
    /reviewflow/runs/…  store/…  trends/… ── files of the artifacts folder
"""

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hmac import compare_digest
from http import HTTPStatus
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from flows.prefect_server.locks import POLL_SECONDS
from reviewflow.errors import StoreError, UsageError

LIST = "/reviewflow/"  # the page of all runs
SERVED = ("runs", "store", "trends")  # and not Prefect's own home


def file_routes(artifacts: Path, password: str | None = None, ui: str = "/") -> list[Mount | Route]:
    """Return the routes of the list of runs and of the folders served.

    The folders may come later. Of other paths below ``/reviewflow/`` there is nothing.

    Parameters
    ----------
    password : ``name:password`` that a reader must give. None asks for nothing.
    ui : address of Prefect's UI, for a link to it.
    """
    folders = {name: StaticFiles(directory=artifacts / name, check_dir=False) for name in SERVED}
    pages = Router(
        [
            Route("/", run_list_endpoint(artifacts, ui)),
            *(Mount(f"/{name}", files) for name, files in folders.items()),
        ]
    )
    return [
        Route(LIST.rstrip("/"), lambda _: RedirectResponse(LIST)),
        Mount(LIST.rstrip("/"), pages if password is None else protect(pages, password)),
    ]


def run_list_endpoint(artifacts: Path, ui: str) -> Callable[[Request], Response]:
    """Return what answers with the page of all runs."""

    def answer(request: Request) -> Response:
        from reviewflow.reporting.page.run_list_page import run_list_page
        from reviewflow.runs.run_list import run_list

        name, job, before = (request.query_params.get(key) for key in ("name", "job", "before"))
        try:
            page = run_list_page(run_list(artifacts, name, job, before), ui)
        except StoreError as error:
            return PlainTextResponse(str(error), HTTPStatus.INTERNAL_SERVER_ERROR)
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})

    return answer


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
def file_server(artifacts: Path, host: str, port: int, ui: str) -> Iterator[None]:
    """Serve the files on a port of their own while the body runs.

    Parameters
    ----------
    ui : address of Prefect's UI, for a link to it.

    Raises
    ------
    UsageError : if the port is taken.
    """
    app = Starlette(routes=[*file_routes(artifacts, ui=ui)])
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
