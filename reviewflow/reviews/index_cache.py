"""The index of the input files, remembered for as long as files, settings and code stand."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from reviewflow.reviews.text_file import check_readable

if TYPE_CHECKING:
    from reviewflow.config.sections import Ingest

SECOND_NANOSECONDS = 1_000_000_000
FINE_CLOCK_NANOSECONDS = 50_000_000  # far above the tick with which a kernel stamps files


def reading_key(ingest: Ingest, split_column: str | None) -> str:
    """All that decides what is read: files, settings that are read, code and Arrow's version.

    Raises
    ------
    InputError
        If a file is missing, empty or no file.
    """
    settings = (*_settings(ingest), split_column)
    return json.dumps([_stamps(ingest), settings, _code_digest(), version("pyarrow")])


def remembered(folder: Path, key: str) -> str | None:
    """The text kept under this key; None if there is none, or it is damaged."""
    kept = _kept(folder, key)
    return kept[1] if kept is not None and kept[0] == key else None


def last_remembered(folder: Path, key: str) -> str | None:
    """The text that was kept last for these files and settings, whatever has changed since."""
    kept = _kept(folder, key)
    same = kept is not None and json.loads(kept[0])[2:] == json.loads(key)[2:]  # code, and Arrow
    return kept[1] if kept is not None and same else None


def remember(folder: Path, key: str, text: str) -> None:
    """Keep a text under a key, unless a file is so young that its time stamp may not yet tell.

    A folder that cannot be written costs the memo and nothing else.
    """
    if not all(_settled(stamp) for stamp in json.loads(key)[0]):
        return
    content = text.encode()
    path = _memo_path(folder, key)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(b"\n".join([key.encode(), _digest(content).encode(), content]))
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _kept(folder: Path, key: str) -> tuple[str, str] | None:
    """Key and text in the file for these files and settings, unless it is damaged."""
    try:
        known_key, digest, content = _memo_path(folder, key).read_bytes().split(b"\n", 2)
    except (OSError, ValueError):
        return None
    if digest.decode("ascii", "replace") != _digest(content):
        return None
    return known_key.decode("utf-8", "replace"), content.decode("utf-8")


def _settings(ingest: Ingest) -> tuple[object, ...]:
    return (
        ingest.text_column,
        ingest.label_column,
        list(ingest.labels.items()),
        ingest.other_labels,
        ingest.encoding,
        ingest.delimiter,
    )


def _stamps(ingest: Ingest) -> list[tuple[str, int, int, int]]:
    """Path, bytes, and times of the last change (ns) of each input file.

    The time of the inode's change tells of a change that was hidden by setting the time back.
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


def _settled(stamp: tuple[str, int, int, int]) -> bool:
    """Whether a further change would get another time stamp on this file system."""
    changed = max(stamp[2:])
    coarse = changed % SECOND_NANOSECONDS == 0
    return time.time_ns() - changed > (2 * SECOND_NANOSECONDS if coarse else FINE_CLOCK_NANOSECONDS)


def _code_digest() -> str:
    """A digest of the text of the modules beside this one, which read and cut."""
    hasher = hashlib.blake2b(digest_size=16)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        hasher.update(_digest(path.read_bytes()).encode())
    return hasher.hexdigest()


def _memo_path(folder: Path, key: str) -> Path:
    """One file for each choice of input files and settings, whatever state the files are in."""
    stamps, settings, *_ = json.loads(key)
    choice = json.dumps([[stamp[0] for stamp in stamps], settings])
    return folder / f"index-{_digest(choice.encode())}.json"


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
