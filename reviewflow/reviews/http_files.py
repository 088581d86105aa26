"""Ask for a file over HTTP, and read it.

Credentials are those in ``~/.netrc``. They go to the host of the URL alone: a redirect to another
host is followed without them, and one from https to http is not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from reviewflow.config.urls import HTTP
from reviewflow.reviews.downloads import Version
from reviewflow.reviews.transfer import Answer, Refused, Unreachable

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

TIMEOUT_SECONDS = 30
CHUNK_BYTES = 1 << 18
MOST_REDIRECTS = 10
NOT_MODIFIED = 304
# the server is busy or broken; the same request may succeed later
PASSING = frozenset({408, 421, 425, 429, 500, 502, 503, 504})
ADVICE = {
    401: "credentials go into ~/.netrc",
    403: "credentials go into ~/.netrc",
    404: "check the address",
    407: "the proxy asks for credentials",
    410: "check the address",
}
PLAIN = {"Accept-Encoding": "identity", "User-Agent": "reviewflow"}
WEB_PAGE = "text/html"
READABLE_PACKING = ("", "identity", "gzip", "x-gzip", "zstd")  # told by the first bytes of a file
SETTLED_SECONDS = 2  # servers name times, and often contents, by whole seconds


@contextmanager
def open_http(
    url: str, known: Version | None, head: bool = False, seconds: float = TIMEOUT_SECONDS
) -> Iterator[Answer]:
    """Ask for a file, and give what the server says and its content.

    Parameters
    ----------
    known : the version that is at hand. Where the server has the same one, no content comes.
    head : ask for no content.
    seconds : how long to wait for the connection, and for each piece of content.

    Raises
    ------
    Refused
        If the server does not give the file, or it is a web page.
    Unreachable
        If the server cannot be reached or is busy. Raised also while content is read.
    """
    import requests

    headers = PLAIN | _conditions(known)
    try:
        with requests.Session() as session, _follow(session, url, headers, head, seconds) as reply:
            yield _answer(reply, known)
    except requests.exceptions.RequestException as error:
        raise _network_error(error) from None


def _conditions(known: Version | None) -> dict[str, str]:
    """Return the headers that ask for a file only if it has changed."""
    if known is None:
        return {}
    if known.etag is not None:
        return {"If-None-Match": known.etag}
    return {} if known.modified is None else {"If-Modified-Since": known.modified}


def _follow(
    session: Session, url: str, headers: dict[str, str], head: bool, seconds: float
) -> Response:
    """Return the answer at the end of all redirects."""
    credentials: Callable[[PreparedRequest], PreparedRequest] | None = None  # those in ~/.netrc
    for _ in range(MOST_REDIRECTS):
        try:
            reply = session.request(
                "HEAD" if head else "GET",
                url,
                headers=headers,
                auth=credentials,
                timeout=seconds,
                stream=True,
                allow_redirects=False,
            )
        except OSError:  # those of requests
            raise
        except ValueError:  # it parses where a redirect leads
            raise Refused("it is redirected to something that is not a web address") from None
        if not reply.is_redirect:
            return reply
        reply.close()
        target = _target(url, reply.headers["Location"])
        if not _is_same_host(url, target):
            credentials = _without_credentials
            session.cookies.clear()
        url = target
    raise Refused(f"it was redirected more than {MOST_REDIRECTS} times")


def _without_credentials(request: PreparedRequest) -> PreparedRequest:
    """Leave a request as it is. Requests then looks for no credentials."""
    return request


def _target(url: str, location: str) -> str:
    """Return where a redirect leads, if it may be followed."""
    try:
        target = urljoin(url, location)
        scheme, _ = urlsplit(target).scheme, urlsplit(target).port
    except ValueError:
        scheme = ""
    if scheme not in HTTP:
        raise Refused("it is redirected to something that is not a web address")
    if scheme == "http" and urlsplit(url).scheme == "https":
        raise Refused("it is redirected from https to http, where anybody can change it")
    return target


def _is_same_host(url: str, target: str) -> bool:
    """Return whether credentials for one URL may go to the other."""
    first, second = urlsplit(url), urlsplit(target)
    if first.hostname != second.hostname:
        return False
    if first.scheme == second.scheme:
        return first.port == second.port
    return first.port is None and second.port is None  # from http to https


def _answer(reply: Response, known: Version | None) -> Answer:
    status = reply.status_code
    if status == NOT_MODIFIED and known is not None:
        return Answer(known, True, iter(()))
    if status in PASSING:
        raise Unreachable(f"the server answered {status}")
    if status != 200:
        advice = ADVICE.get(status)
        raise Refused(f"the server answered {status}" + (f"; {advice}" if advice else ""))
    if reply.headers.get("Content-Type", "").lower().startswith(WEB_PAGE):
        raise Refused("it is a web page; name the address of the file itself")
    if reply.headers.get("Content-Encoding", "").strip().lower() not in READABLE_PACKING:
        raise Refused("the server packs it in a way that was not asked for")
    version = _version(reply)
    unchanged = None if known is None else version.same_as(known)
    return Answer(version, unchanged, _content(reply, version.size))


def _version(reply: Response) -> Version:
    """Return what the server says of the file.

    Where the file was changed a moment ago, only its size counts: a further change may get the
    same time, and the same name.
    """
    length = reply.headers.get("Content-Length", "")
    size = int(length) if length.isdecimal() else None
    modified = reply.headers.get("Last-Modified")
    if modified is not None and not _is_settled(modified, reply.headers.get("Date", "")):
        return Version(size=size)
    return Version(reply.headers.get("ETag"), size, modified)


def _is_settled(modified: str, now: str) -> bool:
    """Return whether a change after ``now`` would get another time."""
    try:
        age = parsedate_to_datetime(now) - parsedate_to_datetime(modified)
    except (TypeError, ValueError):
        return True
    return age.total_seconds() >= SETTLED_SECONDS


def _content(reply: Response, expected: int | None) -> Iterator[bytes]:
    """Yield the bytes as they come.

    A file that the server has packed stays packed: its first bytes say so to whoever reads it.
    """
    reply.raw.headers.pop("Content-Encoding", None)  # else requests unpacks
    received = 0
    for chunk in reply.iter_content(CHUNK_BYTES):
        received += len(chunk)
        yield chunk
    if expected is not None and received != expected:
        raise Unreachable(f"{received:,} of {expected:,} bytes came")


def _network_error(error: Exception) -> Refused | Unreachable:
    """Return a network error in a few words, without the address."""
    from requests import exceptions

    if isinstance(error, exceptions.SSLError):
        return Refused("the server's certificate is not trusted, or it speaks no TLS")
    if isinstance(error, exceptions.Timeout):
        return Unreachable("no answer in time")
    if isinstance(error, exceptions.ProxyError):
        return Unreachable("the proxy cannot be reached")
    if isinstance(error, exceptions.ChunkedEncodingError):
        return Unreachable("the transfer was cut")
    if isinstance(error, exceptions.ConnectionError):
        return Unreachable("no connection")
    return Refused("no request can be made for such an address")
