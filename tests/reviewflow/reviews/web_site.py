"""Serve made files over HTTP from a thread, and keep what was asked."""

from __future__ import annotations

import base64
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

LONG_AGO = "Mon, 05 Jan 2026 10:00:00 GMT"


@dataclass
class Page:
    """What the server answers for a path.

    Attributes
    ----------
    etag, modified : None if the server does not name them.
    conditional : whether it answers 304 where nothing changed.
    missing_bytes : how many of the announced bytes do not come.
    wait_seconds : before the answer.
    statuses : answered first, one a request, before ``status``.
    """

    content: bytes = b""
    etag: str | None = None
    modified: str | None = None
    status: int = 200
    location: str | None = None
    conditional: bool = True
    missing_bytes: int = 0
    names_size: bool = True
    wait_seconds: float = 0.0
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]

    @property
    def credentials(self) -> str | None:
        """User and password of a request, None if it has none."""
        given = self.headers.get("Authorization")
        return None if given is None else base64.b64decode(given.split()[1]).decode()


class Site:
    """A server on a free port of this machine."""

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[Request] = []
        self.done = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.address = f"http{'s' if tls else ''}://{host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.done.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def put(self, path: str, content: bytes = b"", **facts: Any) -> str:
        """Serve a file, and return its URL."""
        self.pages[path.partition("?")[0]] = Page(content, **facts)
        return self.address + path

    def asked(self, method: str) -> int:
        """Return how many requests of a kind came."""
        return sum(request.method == method for request in self.requests)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def do_HEAD(self) -> None:
                site.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request, and keep it."""
        sent = dict(handler.headers.items())
        self.requests.append(Request(handler.command, handler.path, sent))
        page = self.pages.get(handler.path.partition("?")[0], Page(status=404))
        if page.wait_seconds:
            self.done.wait(page.wait_seconds)
        status = page.statuses.pop(0) if page.statuses else page.status
        if status == 200 and page.conditional and _is_known(page, sent):
            status = 304
        handler.send_response(status)
        for name, value in _headers(page, status).items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command == "GET" and status == 200:
            handler.wfile.write(page.content[: len(page.content) - page.missing_bytes])


def _is_known(page: Page, sent: dict[str, str]) -> bool:
    if "If-None-Match" in sent:
        return sent["If-None-Match"] == page.etag
    return page.modified is not None and sent.get("If-Modified-Since") == page.modified


def _headers(page: Page, status: int) -> dict[str, str]:
    known = {"ETag": page.etag, "Last-Modified": page.modified, "Location": page.location}
    headers = {name: value for name, value in known.items() if value is not None}
    if status == 200 and page.names_size:
        headers["Content-Length"] = str(len(page.content))
    elif status != 304:
        headers["Connection"] = "close"
    return headers | page.headers


def a_moment_ago(seconds: float = 0.0) -> str:
    """Return a time as a server writes it."""
    return formatdate(time.time() - seconds, usegmt=True)


@contextmanager
def sites(*hosts: str) -> Iterator[tuple[Site, ...]]:
    """Give a running server for each host name."""
    running = [Site(host).__enter__() for host in hosts]
    try:
        yield tuple(running)
    finally:
        for site in running:
            site.__exit__(None, None, None)
