"""Digest what a suite says, whatever its comments and its order of keys.

suite.yaml ─ YAML events ─ mappings sorted by key ─▶ digest of each node ─▶ digest
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from reviewflow.store.files import content_digest
from reviewflow.store.hashing import digest_of


def suite_digest(path: Path) -> str:
    """Return a digest of the content of a YAML file, and of its name.

    The name without its ending counts, since a suite without ``name`` is called so. Comments, the
    order of keys, quotes and line breaks do not count. A file that is not YAML has the digest of
    its bytes. Aliases are not expanded and equal keys are all counted, so that no file that is
    refused has the digest of one that is accepted.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    import yaml

    text = path.read_bytes()
    try:
        return digest_of([path.stem, *_documents(text)])
    except (yaml.YAMLError, UnicodeError):
        return content_digest(path) or ""


@lru_cache(maxsize=8)
def _documents(text: bytes) -> tuple[str, ...]:
    """Return a text or a digest of each document of a YAML text.

    A collection is digested as soon as it ends, so nesting costs no recursion.
    """
    import yaml

    open_nodes: list[list[Any]] = [[]]
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append([type(event).__name__, event.tag, event.anchor])
        elif isinstance(event, yaml.CollectionEndEvent):
            head, content = open_nodes[-1][:3], open_nodes.pop()[3:]
            if isinstance(event, yaml.MappingEndEvent):
                content = sorted(zip(content[::2], content[1::2], strict=True))
            open_nodes[-1].append(digest_of([head, content]))
        elif isinstance(event, yaml.ScalarEvent):
            node = (event.tag, event.anchor, event.implicit, event.value)
            open_nodes[-1].append(repr(node))
        elif isinstance(event, yaml.AliasEvent):
            open_nodes[-1].append(f"*{event.anchor}")
    return tuple(open_nodes[0])


def _loader() -> Any:
    """Return PyYAML's fast loader where it is installed, else its own."""
    try:
        from yaml import CSafeLoader
    except ImportError:
        from yaml import SafeLoader

        return SafeLoader
    return CSafeLoader
