"""Ask for a file on S3, or on what else fsspec reads, and read it.

Credentials are those that the package for the scheme finds by itself: for S3, AWS's environment
variables, profile or role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reviewflow.config.urls import S3, scheme_of
from reviewflow.reviews.downloads import Version
from reviewflow.reviews.transfer import Answer, Refused, Unreachable

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

CHUNK_BYTES = 1 << 22
# the keys under which the packages name the time of the last change
TIMES = ("LastModified", "last_modified", "mtime", "updated", "modify")
ETAGS = ("ETag", "etag")
NO_CREDENTIALS = (
    "no credentials were found; AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a "
    "role give some"
)


@contextmanager
def open_with_fsspec(url: str, known: Version | None, head: bool = False) -> Iterator[Answer]:
    """Ask for a file, and give what the machine says and its content.

    Parameters
    ----------
    known : the version that is at hand.
    head : read no content.

    Raises
    ------
    Refused
        If the file is not there or may not be read.
    Unreachable
        If the machine cannot be reached, or the file changes while it is read.
    """
    from fsspec.core import url_to_fs

    try:
        # what an earlier question was answered must not answer this one
        system, path = url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
        version = _version(system.info(path))
    except Exception as error:
        raise _fsspec_error(url, error) from None
    unchanged = None if known is None else version.same_as(known)
    yield Answer(version, unchanged, iter(()) if head else _content(system, path, url, version))


def _version(facts: Mapping[str, Any]) -> Version:
    """Return what fsspec says of a file."""
    if facts.get("type") == "directory":
        raise Refused("it is a folder; name a file")
    etag, modified = _first(facts, ETAGS), _first(facts, TIMES)
    size = facts.get("size")
    return Version(
        None if etag is None else str(etag),
        size if isinstance(size, int) else None,
        None if modified is None else str(modified),
    )


def _first(facts: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((facts[name] for name in names if facts.get(name) is not None), None)


def _content(system: AbstractFileSystem, path: str, url: str, version: Version) -> Iterator[bytes]:
    """Yield the bytes of a file that stays the same while it is read."""
    received = 0
    try:
        with system.open(path, "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                received += len(chunk)
                yield chunk
        after = _version(system.info(path))
    except (Refused, GeneratorExit):
        raise
    except Exception as error:
        raise _fsspec_error(url, error) from None
    if after.same_as(version) is False or version.size not in (None, received):
        raise Unreachable("it was changed while it was read")


def _fsspec_error(url: str, error: Exception) -> Refused | Unreachable:
    """Return an error in a few words. Its own text may hold credentials."""
    if isinstance(error, Refused | Unreachable):
        return error
    kind = type(error).__name__
    if isinstance(error, FileNotFoundError):
        return Refused("there is no such file")
    if isinstance(error, PermissionError):
        return Refused("the access is denied; credentials with the right to read it are needed")
    if "Credentials" in kind:
        return Refused(NO_CREDENTIALS if scheme_of(url) in S3 else "no credentials were found")
    if isinstance(error, ImportError):
        return Refused(f"the package for {scheme_of(url)}:// cannot be imported")
    if isinstance(error, TimeoutError | ConnectionError) or "Connect" in kind or "Timeout" in kind:
        return Unreachable("no connection")
    return Refused(f"fsspec could not read it: {kind}")
