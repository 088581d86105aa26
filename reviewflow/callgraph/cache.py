"""Keep reaches on disk, so that unchanged code is not analysed again.

    code.json           the reaches, under a digest of all source, of the analyser and of Python
    code.modules.json   parsed files, each under the digest of its own: one edited file is parsed
                        alone

Content decides, never a file's age: an edit that keeps size and time is seen as well.
"""

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from threading import get_ident
from typing import Any

from reviewflow.callgraph.reached import Reach, Read
from reviewflow.callgraph.source_files import SourceFile, default_root, read_sources, text_digests

READING_ERRORS = (AttributeError, IndexError, KeyError, OSError, TypeError, ValueError)


def reaches(
    entries: Iterable[str],
    cache_path: Path | None = None,
    *,
    root: Path | None = None,
    packages: tuple[str, ...] = ("reviewflow",),
) -> dict[str, Reach]:
    """Return what each of several functions reaches.

    Parameters
    ----------
    entries : dotted names, as for :func:`reviewflow.callgraph.reach.reach`.
    cache_path : the file that keeps the reaches. A damaged one is replaced, and one that cannot
        be written costs time only.
    root, packages : as for :func:`reviewflow.callgraph.reach.reach`.

    Raises
    ------
    ReviewflowError
        An entry is not defined, or a file of the project is not Python.
    """
    wanted = sorted(set(entries))
    files = read_sources(root or default_root(), packages)
    stamp = combined_digest([analyser_digest(), repr(packages).encode(), *map(named_text, files)])
    kept = read_cache(cache_path, stamp)
    known = {entry: _reach(kept[entry]) for entry in wanted if entry in kept}
    missing = [entry for entry in wanted if entry not in known]
    if missing:
        # The analyser is imported where something is to analyse: a plan of unchanged code is quick.
        from reviewflow.callgraph.module_cache import cached_modules
        from reviewflow.callgraph.project import Project
        from reviewflow.callgraph.reach import reach_in_project

        project = Project(cached_modules(files, cache_path), packages)
        known.update((entry, reach_in_project(project, entry)) for entry in missing)
        write_cache(cache_path, stamp, {**kept, **{e: asdict(r) for e, r in known.items()}})
    modules = text_digests(files)
    return {entry: replace(known[entry], modules=modules) for entry in wanted}


@lru_cache(maxsize=1)
def analyser_digest() -> bytes:
    """Return a digest of this package's own source, and of Python."""
    own = sorted(Path(__file__).parent.glob("*.py"))
    return combined_digest([sys.version.encode(), *(path.read_bytes() for path in own)]).encode()


def named_text(file: SourceFile) -> bytes:
    """Return a file's module name, length and text."""
    return f"{file.module} {file.is_package} {len(file.text)}\n".encode() + file.text


def combined_digest(parts: Iterable[bytes]) -> str:
    """Return one digest of several texts, each with its length."""
    total = blake2b(digest_size=16)
    for part in parts:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()


def read_cache(path: Path | None, stamp: str) -> dict[str, Any]:
    """Return what a cache holds for this code.

    Nothing if it is missing, damaged or made for other code.
    """
    try:
        head, body = path.read_bytes().split(b"\n", 1) if path else (b"", b"")
        if head.decode() != f"{stamp} {combined_digest([body])}":
            return {}
        return dict(json.loads(body))
    except READING_ERRORS:
        return {}


def write_cache(path: Path | None, stamp: str, content: dict[str, Any]) -> None:
    """Write a cache in one rename.

    Where that fails the next call analyses again.
    """
    if path is None:
        return
    body = json.dumps(content, separators=(",", ":")).encode()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.{get_ident()}")
        try:
            draft.write_bytes(f"{stamp} {combined_digest([body])}\n".encode() + body)
            os.replace(draft, path)
        except OSError:
            draft.unlink(missing_ok=True)


def tuples(value: Any) -> Any:
    """Return a value from JSON with tuples in place of its lists."""
    if isinstance(value, list):
        return tuple(map(tuples, value))
    return {k: tuples(v) for k, v in value.items()} if isinstance(value, dict) else value


def _reach(content: Any) -> Reach:
    reach = Reach(**tuples(content))
    return replace(reach, reads=tuple(map(Read._make, reach.reads)))
