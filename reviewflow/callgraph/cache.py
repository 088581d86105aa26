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

from reviewflow.callgraph.modules import Module, Statement, parse_module
from reviewflow.callgraph.project import Project
from reviewflow.callgraph.reach import Reach, reach_in_project
from reviewflow.callgraph.references import NamedFile, Reference, Unresolved
from reviewflow.callgraph.source_files import SourceFile, default_root, read_sources, text_digests
from reviewflow.callgraph.traversal import Read

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
    stamp = _digest([analyser_digest(), repr(packages).encode(), *map(_content, files)])
    kept = _read_cache(cache_path, stamp)
    known = {entry: _reach(kept[entry]) for entry in wanted if entry in kept}
    missing = [entry for entry in wanted if entry not in known]
    if missing:
        project = Project(_modules(files, cache_path), packages)
        known.update((entry, reach_in_project(project, entry)) for entry in missing)
        _write_cache(cache_path, stamp, {**kept, **{e: asdict(r) for e, r in known.items()}})
    modules = text_digests(files)
    return {entry: replace(known[entry], modules=modules) for entry in wanted}


@lru_cache(maxsize=1)
def analyser_digest() -> bytes:
    """Return a digest of this package's own source, and of Python."""
    own = sorted(Path(__file__).parent.glob("*.py"))
    return _digest([sys.version.encode(), *(path.read_bytes() for path in own)]).encode()


def _modules(files: tuple[SourceFile, ...], cache_path: Path | None) -> tuple[Module, ...]:
    """Return the tables of all files, from the cache where it has them."""
    path = cache_path.with_suffix(".modules.json") if cache_path else None
    stamp = analyser_digest().decode()
    kept = _read_cache(path, stamp)
    digests = [_digest([_content(file)]) for file in files]
    modules = tuple(
        _module(kept[digest]) if digest in kept else parse_module(file)
        for digest, file in zip(digests, files, strict=True)
    )
    if not kept.keys() >= set(digests):
        _write_cache(path, stamp, dict(zip(digests, modules, strict=True)))
    return modules


def _content(file: SourceFile) -> bytes:
    return f"{file.module} {file.is_package} {len(file.text)}\n".encode() + file.text


def _digest(parts: Iterable[bytes]) -> str:
    total = blake2b(digest_size=16)
    for part in parts:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()


def _read_cache(path: Path | None, stamp: str) -> dict[str, Any]:
    """Return what a cache holds for this code.

    Nothing if it is missing, damaged or made for other code.
    """
    try:
        head, body = path.read_bytes().split(b"\n", 1) if path else (b"", b"")
        if head.decode() != f"{stamp} {_digest([body])}":
            return {}
        return dict(json.loads(body))
    except READING_ERRORS:
        return {}


def _write_cache(path: Path | None, stamp: str, content: dict[str, Any]) -> None:
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
            draft.write_bytes(f"{stamp} {_digest([body])}\n".encode() + body)
            os.replace(draft, path)
        except OSError:
            draft.unlink(missing_ok=True)


def _tuples(value: Any) -> Any:
    """Return a value from JSON with tuples in place of its lists."""
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    return {k: _tuples(v) for k, v in value.items()} if isinstance(value, dict) else value


def _reach(content: Any) -> Reach:
    reach = Reach(**_tuples(content))
    return replace(reach, reads=tuple(map(Read._make, reach.reads)))


def _module(content: Any) -> Module:
    module = Module._make(_tuples(content))
    return module._replace(
        statements=tuple(map(_statement, module.statements)),
        unused_imports=tuple(map(_statement, module.unused_imports)),
    )


def _statement(content: Any) -> Statement:
    statement = Statement._make(content)
    return statement._replace(
        references=tuple(map(Reference._make, statement.references)),
        unresolved=tuple(map(Unresolved._make, statement.unresolved)),
        named_files=tuple(map(NamedFile._make, statement.named_files)),
    )
