"""Keep the index of the input files on disk while they stay the same.

index-<digest of paths and settings>.json
    digest of all that follows
    key: paths, sizes and times of the files, settings, code, Arrow's version
    the index
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from reviewflow.reviews.text_file import check_readable
from reviewflow.store.files import write_atomically

if TYPE_CHECKING:
    from reviewflow.config.sections import Ingest

SECOND_NANOSECONDS = 1_000_000_000
FINE_CLOCK_NANOSECONDS = 50_000_000  # far above the tick with which a kernel stamps files


def cache_key(ingest: Ingest, split_column: str | None) -> str:
    """Return all that decides which rows are read, as one line of JSON.

    Raises
    ------
    InputError
        If a file is missing, empty or not a file.
    """
    settings = ingest.model_dump(mode="json", exclude={"path", "test_path"})
    choice = [settings, split_column]
    return json.dumps([_stamps(ingest), choice, _code_digest(), version("pyarrow")])


def cached_index(folder: Path, key: str) -> str | None:
    """Return the index kept under this key, or None."""
    kept = _read(folder, key)
    return kept[1] if kept is not None and kept[0] == key else None


def last_cached_index(folder: Path, key: str) -> str | None:
    """Return the last index that the same code kept for these paths, or None.

    The files may have changed since. The settings are the same.
    """
    kept = _read(folder, key)
    same = kept is not None and json.loads(kept[0])[2:] == json.loads(key)[2:]  # code, and Arrow
    return kept[1] if kept is not None and same else None


def cache_index(folder: Path, key: str, index: str) -> None:
    """Keep an index under a key, unless a file's time stamp is too young.

    Where the folder cannot be written, the next call reads the files again.
    """
    if not all(_is_settled(stamp) for stamp in json.loads(key)[0]):
        return
    content = f"{key}\n{index}".encode()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(_cache_path(folder, key), f"{_digest(content)}\n".encode() + content)


def _read(folder: Path, key: str) -> tuple[str, str] | None:
    """Return the key and the index that are kept, unless they are damaged."""
    try:
        digest, content = _cache_path(folder, key).read_bytes().split(b"\n", 1)
    except (OSError, ValueError):
        return None
    if digest != _digest(content).encode():
        return None
    kept_key, index = content.decode("utf-8").split("\n", 1)
    return kept_key, index


def _stamps(ingest: Ingest) -> list[tuple[str, int, int, int]]:
    """Return path, bytes and times of the last change (ns) of each file.

    The time of the inode's change shows a change that was hidden by setting the time back.
    """
    named = {"ingest.path": ingest.path, "ingest.test_path": ingest.test_path}
    stamps = []
    for setting, name in named.items():
        if name is not None:
            check_readable(Path(name), setting)
            status = Path(name).stat()
            stamp = status.st_size, status.st_mtime_ns, status.st_ctime_ns
            stamps.append((str(Path(name).resolve()), *stamp))
    return stamps


def _is_settled(stamp: tuple[str, int, int, int]) -> bool:
    """Return whether a further change would get another time stamp."""
    changed = max(stamp[2:])
    coarse = changed % SECOND_NANOSECONDS == 0
    return time.time_ns() - changed > (2 * SECOND_NANOSECONDS if coarse else FINE_CLOCK_NANOSECONDS)


def _code_digest() -> str:
    """Return a digest of the modules of this package, which read the rows."""
    hasher = hashlib.blake2b(digest_size=16)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        hasher.update(_digest(path.read_bytes()).encode())
    return hasher.hexdigest()


def _cache_path(folder: Path, key: str) -> Path:
    """Return the path of the cache of these paths and settings."""
    stamps, choice, *_ = json.loads(key)
    name = json.dumps([[stamp[0] for stamp in stamps], choice])
    return folder / f"index-{_digest(name.encode())}.json"


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
