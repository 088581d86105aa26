"""Keep copies of files from other machines and what their server said.

artifacts/downloads/
    <digest of the URL>.json          what the server said, when, and the digest of the copy
    <digest of the URL>/reviews.csv   the copy, under the last name of the URL

A copy appears whole or not at all. A file that is fetched again with the same content keeps its
copy, and the copy its time, so that the index of its rows holds.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from reviewflow.store.files import sha256_of, write_atomically
from reviewflow.store.locks import LOCKS, file_lock
from reviewflow.store.os_errors import store_errors

DOWNLOADS = "downloads"  # below the artifacts folder
UNFINISHED = ".unfinished-"
UNFINISHED_SECONDS = 24 * 3600  # by then nobody writes to it any more
URL_DIGEST_BYTES = 12
LONGEST_NAME = 60  # characters, of up to four bytes each
UNSAFE = re.compile(r"[^\w.+=@ -]")


@dataclass(frozen=True)
class Version:
    """What a server says of a file, to tell whether it is the same as before.

    Attributes
    ----------
    etag : a name that the server gives to the content.
    size : bytes.
    modified : time of the last change, as the server writes it.
    """

    etag: str | None = None
    size: int | None = None
    modified: str | None = None

    def same_as(self, other: Version) -> bool | None:
        """Return whether the content is the same, None if nothing tells."""
        if self.etag is not None and other.etag is not None:
            return self.etag == other.etag
        if None not in (self.size, other.size) and self.size != other.size:
            return False
        if self.modified is not None and other.modified is not None:
            same = self.modified == other.modified
            return None if same and None in (self.size, other.size) else same
        return None


@dataclass(frozen=True)
class RemoteFile:
    """The copy of a file from another machine.

    Attributes
    ----------
    path : of the copy.
    version : what the server said when it was fetched.
    fetched : when that was, ISO 8601, UTC.
    sha256 : of the copy.
    is_new : whether the content came with this fetch.
    """

    path: Path
    url: str
    version: Version
    fetched: str
    sha256: str
    is_new: bool = False

    @property
    def etag(self) -> str | None:
        """The name that the server gave to the content."""
        return self.version.etag

    @property
    def size(self) -> int | None:
        """The number of bytes that the server named."""
        return self.version.size

    @property
    def modified(self) -> str | None:
        """The time of the last change, as the server wrote it."""
        return self.version.modified


def copy_path(url: str, folder: Path) -> Path:
    """Return where the copy of a file is kept, whether it is there or not.

    Parameters
    ----------
    folder : of the downloads.
    """
    return folder / _digest(url) / file_name(url)


def file_name(url: str) -> str:
    """Return the last name in a URL's path as a safe name of a file.

    Its endings stay, since they say the format.
    """
    name = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    safe = UNSAFE.sub("_", name).lstrip(".").strip()
    return safe[-LONGEST_NAME:] or "reviews"


def kept_copy(url: str, folder: Path) -> RemoteFile | None:
    """Return the copy of a file, None if there is none or it was changed.

    Nothing is asked of any server.
    """
    try:
        content = json.loads(_facts_path(url, folder).read_bytes())
        version = Version(**content["version"])
        path = copy_path(url, folder)
        status = path.stat()
        known = content["stamp"] == [status.st_size, status.st_mtime_ns]
        if not known and sha256_of(path) != content["sha256"]:
            return None
        return RemoteFile(path, url, version, content["fetched"], content["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def copy_lock(url: str, folder: Path) -> Iterator[None]:
    """Hold the lock of a copy. A second run waits here for the first one's.

    Raises
    ------
    StoreError
        If the lock file cannot be written, or its file system has no locks.
    """
    with file_lock(folder / LOCKS / _digest(url), folder):
        yield


@contextmanager
def new_copy(url: str, folder: Path) -> Iterator[IO[bytes]]:
    """Open a file that gets the content. It is removed at the end unless kept.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    place = copy_path(url, folder).parent
    with store_errors(folder):
        place.mkdir(parents=True, exist_ok=True)
        _remove_unfinished(place)
        file = NamedTemporaryFile(prefix=UNFINISHED, dir=place, delete=False)  # noqa: SIM115
    try:
        yield file
    finally:
        with suppress(OSError):  # writing has raised the error of a full disk already
            file.close()
        Path(file.name).unlink(missing_ok=True)


def keep_copy(file: IO[bytes], url: str, folder: Path, version: Version) -> RemoteFile:
    """Make a whole file the copy, and note what the server said.

    Where a copy with the same content is there, that one stays.

    Parameters
    ----------
    file : as :func:`new_copy` gave it.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    with store_errors(folder):
        file.flush()
        source, path = Path(file.name), copy_path(url, folder)
        digest = sha256_of(source)
        before = kept_copy(url, folder)
        is_new = before is None or before.sha256 != digest
        if is_new:
            os.chmod(source, 0o644)
            os.replace(source, path)
        fetched = datetime.now(UTC).isoformat(timespec="seconds")
        copy = RemoteFile(path, url, version, fetched, digest, is_new)
        write_atomically(_facts_path(url, folder), json.dumps(_facts(copy), indent=1))
        return copy


def _facts(copy: RemoteFile) -> dict[str, Any]:
    status = copy.path.stat()
    return {
        "url": copy.url,
        "version": asdict(copy.version),
        "fetched": copy.fetched,
        "sha256": copy.sha256,
        "stamp": [status.st_size, status.st_mtime_ns],
    }


def _facts_path(url: str, folder: Path) -> Path:
    return folder / f"{_digest(url)}.json"


def _digest(url: str) -> str:
    return hashlib.blake2b(url.encode(), digest_size=URL_DIGEST_BYTES).hexdigest()


def _remove_unfinished(place: Path) -> None:
    """Remove what downloads left whose process was killed."""
    for path in place.glob(f"{UNFINISHED}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > UNFINISHED_SECONDS:
                path.unlink()
