"""Write files atomically, and digest them."""

import hashlib
import os
import tempfile
from pathlib import Path

from reviewflow.store.hashing import KEY_CHARACTERS


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that readers see either its old or its new content."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def sha256_of(path: Path) -> str:
    """Return the digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_digest(path: Path) -> str | None:
    """Return a file's digest in a key, None if it cannot be read."""
    try:
        return sha256_of(path)[:KEY_CHARACTERS]
    except OSError:
        return None
