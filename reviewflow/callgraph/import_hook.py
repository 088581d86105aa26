"""Record the source text of every imported module of the project.

    import ──▶ finder ──▶ loader: source, read once ──▶ digest, kept on the loader
                                        │
                                        └──▶ byte code: from the cache if it was compiled from
                                             exactly this text, else compiled and cached

A step's key is made of source that is read when a run begins, and the code is imported later. The
digests tell whether the text that was imported is the text that was analysed, whatever the file
holds by now.

Python trusts byte code whose source has the same size and time of change. Here only byte code
named by its source's hash counts (PEP 552); other byte code is replaced where the cache can be
written. An installation that nobody can write starts faster after
``python -m compileall --invalidation-mode checked-hash``.

This module imports nothing of the project at the top, since what it imports would not be recorded.
"""

import marshal
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from types import CodeType, ModuleType

CHECKED_HASH = (0b11).to_bytes(4, "little")  # PEP 552's flags: a hash, compared at every import
HEADER_BYTES = 16  # magic number, flags, hash of the source
BAD_BYTE_CODE = (EOFError, TypeError, ValueError)


class RecordingLoader(SourceFileLoader):
    """A loader that remembers which source text it compiled.

    Attributes
    ----------
    text : the source; None before the import.
    text_digest : its digest, as :func:`text_digest` makes it.
    """

    text: bytes | None = None
    text_digest: str | None = None

    def get_code(self, fullname: str) -> CodeType:
        """Return the byte code of a module's source as it is now."""
        path = self.get_filename(fullname)
        self.text = text = self.get_data(path)
        self.text_digest = text_digest(text)
        header = MAGIC_NUMBER + CHECKED_HASH + source_hash(text)
        cache_path = cache_from_source(path)
        code = self._cached_code(cache_path, header, path)
        if code is None:
            code = self.source_to_code(text, path)
            if not sys.dont_write_bytecode:
                self.set_data(cache_path, header + marshal.dumps(code))
        return code

    def _cached_code(self, cache_path: str, header: bytes, path: str) -> CodeType | None:
        """Return cached byte code of this very text at this very path."""
        try:
            cached = self.get_data(cache_path)
            if cached[:HEADER_BYTES] != header:
                return None
            code = marshal.loads(memoryview(cached)[HEADER_BYTES:])
        except (OSError, *BAD_BYTE_CODE):
            return None
        return code if isinstance(code, CodeType) and code.co_filename == path else None

    def exec_module(self, module: ModuleType) -> None:
        """Execute a module, and refuse a file that changed meanwhile.

        Decorators may read the file themselves: Numba names the compiled code that it keeps by
        what the file holds while the module is executed.

        Raises
        ------
        ReviewflowError
            Somebody wrote another text in between.
        """
        before = _file_state(self.path)
        super().exec_module(module)
        if _file_state(self.path) != before and text_digest(self.get_data(self.path)) != (
            self.text_digest
        ):
            from reviewflow.errors import ReviewflowError

            raise ReviewflowError(f"{self.path} changed while it was imported; run again.")


class RecordingFinder:
    """A finder that gives the modules of one package a recording loader."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the specification of a module, None outside the package."""
        if fullname.partition(".")[0] != self.package:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = RecordingLoader(fullname, spec.loader.path)
        return spec


def install(package: str) -> RecordingFinder:
    """Record all imports of a package from now on.

    Its modules that are imported already are recorded as their files are now: the package itself,
    which calls this as its first act, and this module. Calling it again for the same package
    replaces the finder and keeps what was recorded.
    """
    finder = RecordingFinder(package)
    others = [each for each in sys.meta_path if getattr(each, "package", None) != package]
    sys.meta_path[:] = [finder, *others]
    for name, module in list(sys.modules.items()):
        loader = getattr(module, "__loader__", None)
        if name.partition(".")[0] == package and type(loader) is SourceFileLoader:
            recording = RecordingLoader(name, loader.path)
            recording.get_code(name)
            module.__loader__ = recording
            if module.__spec__ is not None:
                module.__spec__.loader = recording
    return finder


def imported_digest(module: str) -> str | None:
    """Return the digest of the text that a module was imported from.

    None if the module is not imported, or was not imported through the hook.
    """
    loader = getattr(sys.modules.get(module), "__loader__", None)
    return getattr(loader, "text_digest", None)


def imported_text(module: str) -> bytes | None:
    """Return the text that a module was imported from.

    None as for :func:`imported_digest`.
    """
    loader = getattr(sys.modules.get(module), "__loader__", None)
    return getattr(loader, "text", None)


def text_digest(text: bytes) -> str:
    """Return 16 hexadecimal digits that tell one source text from another."""
    return source_hash(text).hex()


def _file_state(path: str) -> tuple[int, int, int, int]:
    """Return what changes whenever a file is written.

    Nobody can set the time at which its status changed.
    """
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
