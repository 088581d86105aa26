"""Reaches kept on disk, so that unchanged code is not analysed again.

    code.json           the answers, under a digest of all source, of the analyser and of Python
    code.modules.json   parsed files, each under the digest of its own: one edited file is parsed
                        alone

Content decides, never a file's age: an edit that keeps size and time is seen as well.
"""

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from threading import get_ident
from typing import Any

from reviewflow.callgraph.modules import Module, Source, Statement, parsed
from reviewflow.callgraph.project import Project, own_root, sources
from reviewflow.callgraph.reach import Reach, reached, text_digests
from reviewflow.callgraph.references import Doubt, Reference

READING_ERRORS = (AttributeError, IndexError, KeyError, OSError, TypeError, ValueError)


def reaches(
    entries: Iterable[str],
    memo_path: Path | None = None,
    *,
    root: Path | None = None,
    packages: tuple[str, ...] = ("reviewflow",),
) -> dict[str, Reach]:
    """Return what each of several functions reaches.

    Parameters
    ----------
    entries : dotted names, as for :func:`reviewflow.callgraph.reach`.
    memo_path : the file that keeps what is found; a garbled memo is made anew, and one that
        cannot be written costs time only.
    root, packages : as for :func:`reviewflow.callgraph.reach`.

    Raises
    ------
    ReviewflowError
        An entry is not defined, or a file of the project is no Python.
    """
    wanted = sorted(set(entries))
    files = sources(root or own_root(), packages)
    stamp = _digest([analyser(), repr(packages).encode(), *(_own(file) for file in files)])
    kept = _kept(memo_path, stamp)
    known = {entry: _reach(kept[entry], entry) for entry in wanted if entry in kept}
    missing = [entry for entry in wanted if entry not in known]
    if missing:
        project = Project(_modules(files, memo_path), packages)
        known.update((entry, reached(project, entry)) for entry in missing)
        answers = {entry: _plain(found) for entry, found in known.items()}
        _keep(memo_path, stamp, {**kept, **answers})
    digests = text_digests(files)
    return {entry: replace(known[entry], modules=digests) for entry in wanted}


@lru_cache(maxsize=1)
def analyser() -> bytes:
    """Return a digest of what analyses: this package's own source, and Python."""
    own = sorted(Path(__file__).parent.glob("*.py"))
    return _digest([sys.version.encode(), *(path.read_bytes() for path in own)]).encode()


def _modules(files: tuple[Source, ...], memo_path: Path | None) -> tuple[Module, ...]:
    """Return the tables of all files, from the memo where it has them."""
    path = memo_path.with_suffix(".modules.json") if memo_path else None
    stamp = analyser().decode()
    kept = _kept(path, stamp)
    digests = [_digest([_own(file)]) for file in files]
    found = tuple(
        _module(kept[digest]) if digest in kept else parsed(file)
        for digest, file in zip(digests, files, strict=True)
    )
    if not kept.keys() >= set(digests):
        _keep(path, stamp, dict(zip(digests, found, strict=True)))
    return found


def _own(file: Source) -> bytes:
    return f"{file.module} {file.is_package} {len(file.text)}\n".encode() + file.text


def _digest(parts: Iterable[bytes]) -> str:
    total = blake2b(digest_size=16)
    for part in parts:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()


def _kept(path: Path | None, stamp: str) -> dict[str, Any]:
    """Return what a memo holds; nothing if it is missing, damaged or made for other code."""
    try:
        head, body = path.read_bytes().split(b"\n", 1) if path else (b"", b"")
        if head.decode() != f"{stamp} {_digest([body])}":
            return {}
        return dict(json.loads(body))
    except READING_ERRORS:
        return {}


def _keep(path: Path | None, stamp: str, content: dict[str, Any]) -> None:
    """Write a memo in one rename; where that fails the next call analyses again."""
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


def _plain(found: Reach) -> list[Any]:
    return [found.definitions, found.packages, found.unclear]


def _reach(kept: list[Any], entry: str) -> Reach:
    definitions, packages, unclear = kept
    return Reach(definitions, tuple(packages), tuple(unclear), entry)


def _module(kept: list[Any]) -> Module:
    name, statements, names, plain, documented, docstring, idle = kept
    bound = {key: tuple(indices) for key, indices in names.items()}
    read = tuple(_statement(each) for each in statements)
    return Module(name, read, bound, plain, documented, docstring, tuple(map(_statement, idle)))


def _statement(kept: list[Any]) -> Statement:
    kind, line, plain, documented, references, doubts, reads, target, *names = kept
    loose, members, imports = names
    return Statement(
        kind,
        line,
        plain,
        documented,
        _references(references),
        tuple(Doubt(*each) for each in doubts),
        reads,
        (target[0], tuple(target[1])) if target else None,
        tuple(loose),
        tuple(members),
        tuple(imports),
    )


def _references(kept: list[Any]) -> tuple[Reference, ...]:
    return tuple(Reference(role, module, tuple(path), line) for role, module, path, line in kept)
