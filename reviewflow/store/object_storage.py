"""Copy artifacts to and from object storage, through fsspec.

    s3://bucket/prefix/<stage>/<key>/…               the files, as in a local store
                                    /manifest.json   written after all others

An object appears whole or not at all, so an artifact without a manifest does not count. There are
no locks: two machines that make the same artifact write the same bytes twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, Any

from reviewflow.errors import StoreError
from reviewflow.store.artifacts import MANIFEST
from reviewflow.store.catalog import is_inside
from reviewflow.store.os_errors import WITHOUT_NAME

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

ADVICE = "check its name, the connection and the credentials, and run again"


class ObjectStorage:
    """The artifacts below a URL.

    Parameters
    ----------
    url : ``scheme://bucket/prefix``. Credentials are those that the package for the scheme finds in
        the environment.
    lists : whether :meth:`has` lists a stage once and remembers it, as suits a run. A worker asks
        for one artifact at a time, since it lives longer than what it would remember is true.
    """

    def __init__(self, url: str, lists: bool = True) -> None:
        self.url, self.lists = url.rstrip("/"), lists
        self._keys: dict[str, set[str]] = {}
        self._lock = Lock()

    def has(self, stage: str, key: str) -> bool:
        """Return whether there is an artifact.

        Raises
        ------
        StoreError : if the storage cannot be reached.
        """
        if self.lists:
            return key in self.keys(stage)
        with self._errors():
            return bool(self._system.exists(f"{self._root}/{stage}/{key}/{MANIFEST}"))

    def keys(self, stage: str) -> set[str]:
        """Return the keys of a stage's artifacts, as they were at the first call.

        Raises
        ------
        StoreError : if the storage cannot be reached.
        """
        with self._lock:
            if stage not in self._keys:
                with self._errors():  # not glob, which asks S3 once for each artifact
                    found = self._system.find(f"{self._root}/{stage}")
                self._keys[stage] = {
                    PurePosixPath(path).parent.name
                    for path in found
                    if path.endswith(f"/{MANIFEST}")
                }
            return self._keys[stage]

    def upload(self, folder: Path) -> None:
        """Copy a complete artifact's folder, its manifest last.

        Raises
        ------
        StoreError : if the storage cannot be reached.
        """
        stage, key = folder.parent.name, folder.name
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        last = folder / MANIFEST
        with self._errors():
            for path in [each for each in files if each != last] + [last]:
                name = path.relative_to(folder).as_posix()
                self._system.put_file(str(path), f"{self._root}/{stage}/{key}/{name}")
        if self.lists:
            self.keys(stage).add(key)

    def forget(self, stage: str, key: str) -> None:
        """Remove an artifact's manifest, so that it is made or uploaded again.

        Raises
        ------
        StoreError : if the storage cannot be reached.
        """
        path = f"{self._root}/{stage}/{key}/{MANIFEST}"
        with self._errors():
            if self._system.exists(path):
                self._system.rm_file(path)

    def download(self, stage: str, key: str, folder: Path) -> dict[str, Any] | None:
        """Copy an artifact's files into a folder, and return its manifest.

        It does not write the manifest. None if the artifact is missing or incomplete.

        Raises
        ------
        StoreError : if the storage cannot be reached.
        """
        manifest = self.manifest(stage, key)
        if manifest is None:
            return None
        prefix = f"{self._root}/{stage}/{key}/"
        try:
            with self._errors(absent_passes=True):
                for path in self._system.find(prefix):
                    name = path.removeprefix(prefix)
                    if name != MANIFEST and is_inside(name):
                        (folder / name).parent.mkdir(parents=True, exist_ok=True)
                        self._system.get_file(path, str(folder / name))
        except FileNotFoundError:
            return None
        return manifest

    def manifest(self, stage: str, key: str) -> dict[str, Any] | None:
        """Return an artifact's manifest, None where there is none.

        Raises
        ------
        StoreError : if the storage cannot be reached.
        """
        try:
            with self._errors(absent_passes=True):
                content = self._system.cat_file(f"{self._root}/{stage}/{key}/{MANIFEST}")
            manifest = json.loads(content)
        except (FileNotFoundError, ValueError, RecursionError):
            return None
        return manifest if isinstance(manifest, dict) else None

    @cached_property
    def _opened(self) -> tuple[AbstractFileSystem, str]:
        from fsspec.core import url_to_fs

        # listings that fsspec remembers would hide what other machines write
        system, root = url_to_fs(self.url, skip_instance_cache=True, use_listings_cache=False)
        return system, root.rstrip("/")

    @property
    def _system(self) -> AbstractFileSystem:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1]

    @contextmanager
    def _errors(self, absent_passes: bool = False) -> Iterator[None]:
        """Turn every error of fsspec into a sentence.

        Its own text may hold credentials. An error of this machine's disk passes as it is.
        """
        try:
            yield
        except Exception as error:
            if absent_passes and isinstance(error, FileNotFoundError):
                raise
            if isinstance(error, OSError) and error.errno in WITHOUT_NAME:
                raise
            raise StoreError(f"{self.url} cannot be used ({_cause(error)}); {ADVICE}.") from None


def _cause(error: Exception) -> str:
    """Return why the storage cannot be used, in a few words."""
    kind = type(error).__name__
    if isinstance(error, FileNotFoundError):
        return "there is no such bucket"
    if isinstance(error, PermissionError):
        return "the access is denied"
    if "Credentials" in kind:
        return "no credentials were found"
    if isinstance(error, TimeoutError | ConnectionError) or "Connect" in kind or "Timeout" in kind:
        return "no connection"
    return kind
