"""Measure size and age of the review files without reading them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reviewflow.config.sections import Ingest
from reviewflow.config.urls import is_url
from reviewflow.errors import InputError
from reviewflow.reviews.input_files import files_named


def input_stamp(ingest: Ingest) -> dict[str, Any]:
    """Return what is known of the input before a row is read.

    The files of URLs are left out. A file that is not there counts as none.

    Returns
    -------
    dict
        ``files``, their number; ``bytes``, their size together; ``modified``, when the newest of
        them was written, as ISO 8601 in UTC, None without a file.
    """
    try:
        stats = [path.stat() for path in _local_files(ingest) if path.is_file()]
    except OSError:  # a folder that may not be read; the run itself says so
        stats = []
    newest = max((stat.st_mtime for stat in stats), default=None)
    modified = None if newest is None else datetime.fromtimestamp(newest, UTC)
    return {
        "files": len(stats),
        "bytes": sum(stat.st_size for stat in stats),
        "modified": None if modified is None else modified.isoformat(timespec="milliseconds"),
    }


def _local_files(ingest: Ingest) -> Iterator[Path]:
    """Yield each file that a setting names, if there is one."""
    for setting, named in (("ingest.path", ingest.path), ("ingest.test_path", ingest.test_path)):
        for item in (named,) if isinstance(named, str) else named or ():
            if not is_url(item):
                with suppress(InputError):
                    yield from files_named(item, setting)
