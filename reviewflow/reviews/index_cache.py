"""Keep on disk what was read of each input file while it stays the same.

parts-<digest of path and settings>.json       the parts of a file
labels-<digest of path and settings>.json      its label words, with ingest.labels: auto
    digest of all that follows
    key: path, size and times of the file, settings, code, Arrow's version
    what is kept, one line of JSON
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from reviewflow.reviews.input_files import InputFile
from reviewflow.reviews.text_file import check_readable
from reviewflow.store.files import write_atomically

if TYPE_CHECKING:
    from reviewflow.config.sections import Ingest

Kind = Literal["parts", "labels"]
SECOND_NANOSECONDS = 1_000_000_000
FINE_CLOCK_NANOSECONDS = 50_000_000  # far above the tick with which a kernel stamps files


def cache_key(kind: Kind, ingest: Ingest, file: InputFile, split_column: str | None = None) -> str:
    """Return all that decides what is read of a file, as JSON.

    Raises
    ------
    InputError
        If the file is missing, empty or not a file.
    """
    settings = ingest.model_dump(mode="json", exclude={"path", "test_path"})
    choice = [kind, file.setting, settings, split_column]
    return json.dumps([_stamp(file), choice, _code_digest(), version("pyarrow")])


def find_cached(folder: Path, key: str) -> Any:
    """Return what is kept under this key, or None."""
    kept = _read(folder, key)
    return kept[1] if kept is not None and kept[0] == key else None


def last_cached(folder: Path, key: str) -> Any:
    """Return what was kept last for this path and these settings.

    None if nothing was, or other code kept it. The file may have changed since.
    """
    kept = _read(folder, key)
    same = kept is not None and json.loads(kept[0])[2:] == json.loads(key)[2:]  # code, and Arrow
    return kept[1] if kept is not None and same else None


def read_cached(folder: Path, make_key: Callable[[], str], read: Callable[[], Any]) -> Any:
    """Return what is kept, or read and keep it.

    It is not kept if the file changed meanwhile.

    Parameters
    ----------
    make_key : returns the key of the file as it is.
    read : returns what JSON can hold.
    """
    key = make_key()
    content = find_cached(folder, key)
    if content is None:
        content = read()
        if make_key() == key:
            cache(folder, key, content)
    return content


def cache(folder: Path, key: str, content: Any) -> None:
    """Keep what was read, unless the file's time stamp is too young.

    Where the folder cannot be written, the next call reads the file again.
    """
    if not _is_settled(json.loads(key)[0]):
        return
    body = f"{key}\n{json.dumps(content, separators=(',', ':'))}".encode()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(_cache_path(folder, key), f"{_digest(body)}\n".encode() + body)


def _read(folder: Path, key: str) -> tuple[str, Any] | None:
    """Return the key and what is kept, unless they are damaged."""
    try:
        digest, body = _cache_path(folder, key).read_bytes().split(b"\n", 1)
    except (OSError, ValueError):
        return None
    if digest != _digest(body).encode():
        return None
    kept_key, content = body.decode("utf-8").split("\n", 1)
    return kept_key, json.loads(content)


def _stamp(file: InputFile) -> tuple[str, int, int, int]:
    """Return path, bytes and times of the last change (ns) of a file.

    The time of the inode's change shows a change that was hidden by setting the time back.
    """
    with file.named_in_errors():
        check_readable(file.path, file.setting)
    status = file.path.stat()
    return str(file.path.resolve()), status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _is_settled(stamp: tuple[str, int, int, int]) -> bool:
    """Return whether a further change would get another time stamp."""
    changed = max(stamp[2:])
    coarse = changed % SECOND_NANOSECONDS == 0
    return time.time_ns() - changed > (2 * SECOND_NANOSECONDS if coarse else FINE_CLOCK_NANOSECONDS)


@lru_cache(maxsize=1)
def _code_digest() -> str:
    """Return a digest of the modules of this package, which read the rows."""
    hasher = hashlib.blake2b(digest_size=16)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        hasher.update(_digest(path.read_bytes()).encode())
    return hasher.hexdigest()


def _cache_path(folder: Path, key: str) -> Path:
    """Return where what is read of this path with these settings is kept."""
    stamp, choice, *_ = json.loads(key)
    return folder / f"{choice[0]}-{_digest(json.dumps([stamp[0], choice]).encode())}.json"


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
