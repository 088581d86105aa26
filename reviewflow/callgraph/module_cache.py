"""Keep parsed files on disk, each under the digest of its own text."""

from pathlib import Path
from typing import Any

from reviewflow.callgraph.cache import (
    analyser_digest,
    combined_digest,
    named_text,
    read_cache,
    tuples,
    write_cache,
)
from reviewflow.callgraph.modules import Module, Statement, parse_module
from reviewflow.callgraph.references import NamedFile, Reference, Unresolved
from reviewflow.callgraph.source_files import SourceFile


def cached_modules(files: tuple[SourceFile, ...], cache_path: Path | None) -> tuple[Module, ...]:
    """Return the tables of all files, from the cache where it has them."""
    path = cache_path.with_suffix(".modules.json") if cache_path else None
    stamp = analyser_digest().decode()
    kept = read_cache(path, stamp)
    digests = [combined_digest([named_text(file)]) for file in files]
    modules = tuple(
        _module(kept[digest]) if digest in kept else parse_module(file)
        for digest, file in zip(digests, files, strict=True)
    )
    if not kept.keys() >= set(digests):
        write_cache(path, stamp, dict(zip(digests, modules, strict=True)))
    return modules


def _module(content: Any) -> Module:
    module = Module._make(tuples(content))
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
