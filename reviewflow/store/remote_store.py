"""Keep a local store and object storage in step.

    find ─ here and whole? ─ yes ─▶ artifact (copied to the storage if that lacks it)
             └─ no ─ in the storage? ─ download, digests right? ─▶ artifact
    make ─▶ artifact here ─ upload, manifest last ─▶ storage

Steps read and write local files. The storage is what machines share, and the local store is a copy
of what this machine has used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from reviewflow.errors import StoreError
from reviewflow.store.artifacts import ASIDE, Artifact, Damage, Store
from reviewflow.store.catalog import is_inside
from reviewflow.store.files import sha256_of
from reviewflow.store.hashing import digest_of
from reviewflow.store.locks import step_lock
from reviewflow.store.manifest_cache import ManifestCache, ManifestFields
from reviewflow.store.object_storage import ObjectStorage
from reviewflow.store.os_errors import store_errors

FOLDER = "artifacts"  # of a run whose artifacts are in object storage


class RemoteStore(Store):
    """A local store that finds and shares its artifacts in object storage.

    Parameters
    ----------
    folder, verify, manifests : as for :class:`Store`.
    storage : where artifacts are shared.
    """

    def __init__(
        self,
        folder: Path,
        storage: ObjectStorage,
        verify: bool = False,
        manifests: ManifestCache | None = None,
    ) -> None:
        super().__init__(folder, verify, manifests)
        self.storage, self.url = storage, storage.url

    def find(self, stage: str, key: str) -> Artifact | Damage | None:
        """Return a step's artifact, downloaded if only the storage has it.

        Raises
        ------
        StoreError : if the storage cannot be reached.
        """
        found, is_shared = super().find(stage, key), self.storage.has(stage, key)
        if isinstance(found, Artifact):
            if self.transfers and not is_shared:
                self.storage.upload(found.folder)
            return found
        if not is_shared:
            return found
        return (self._download if self.transfers else self._ask)(stage, key) or found

    def find_new(self, stage: str, key: str) -> Artifact | Damage | None:
        """Return an artifact that another process has just made."""
        found = super().find_new(stage, key)
        return found if isinstance(found, Artifact) else self._download(stage, key) or found

    def provide(self, folders: Iterable[Path]) -> None:
        """Have artifacts in the local store, by their folders there.

        Raises
        ------
        StoreError : if one is not whole in the storage either. It no longer counts there, so the
            next run makes or uploads it again.
        """
        for folder in folders:
            stage, key = folder.parent.name, folder.name
            found = self.find_new(stage, key)
            if not isinstance(found, Artifact):
                self.storage.forget(stage, key)
                why = found.why if found else f"{self.url}/{stage}/{key[:8]}… is gone"
                raise StoreError(f"{why}; run again, which puts it there again.")

    def make(
        self,
        stage: str,
        key: str,
        write: Callable[..., Mapping[str, Any]],
        facts: Mapping[str, Any],
        digests: Callable[[Path], Mapping[str, str]] | None = None,
    ) -> Artifact:
        """Write an artifact as :meth:`Store.make` does, and upload it."""
        made = super().make(stage, key, write, facts, digests)
        self.storage.upload(made.folder)
        return made

    def _ask(self, stage: str, key: str) -> Artifact | None:
        """Return an artifact whose files are in the storage only."""
        manifest = self.storage.manifest(stage, key)
        if manifest is None:
            return None
        try:
            return Artifact.from_manifest(self.folder / stage, manifest)
        except (AttributeError, KeyError, TypeError, ValueError):  # the run says what is wrong
            return None

    def _download(self, stage: str, key: str) -> Artifact | Damage | None:
        """Copy an artifact into the local store, unless it is damaged."""
        with (
            step_lock(self.folder, f"{stage}-download", key),
            self._temporary_folder(ASIDE) as folder,
            store_errors(self.folder),
        ):
            here = super().find(stage, key)
            if isinstance(here, Artifact):  # another thread or process was faster
                return here
            manifest = self.storage.download(stage, key, folder)
            if manifest is None:
                return None
            why = _difference(folder, manifest, stage, key)
            if why:
                return Damage(self.path(stage, key), f"{self.storage.url}/{stage}/{key[:8]}… {why}")
            return self._publish(folder, manifest)


def open_store(
    folder: Path,
    url: str | None = None,
    verify: bool = False,
    manifests: ManifestCache | None = None,
    lists: bool = True,
) -> Store:
    """Return the store in a folder, with storage behind it if asked for.

    Parameters
    ----------
    url : of object storage. None for none.
    lists : as for :class:`ObjectStorage`.
    """
    if url is None:
        return Store(folder, verify, manifests)
    return RemoteStore(folder, ObjectStorage(url, lists), verify, manifests)


def _difference(folder: Path, manifest: dict[str, Any], stage: str, key: str) -> str | None:
    """Return what is wrong with downloaded files, in words, or None.

    The files get the times that the manifest says.
    """
    try:
        seal = manifest.pop("manifest_digest")
        if seal != digest_of(manifest) or (manifest["stage"], manifest["key"]) != (stage, key):
            return "has a garbled manifest"
        if not all(is_inside(name) for name in manifest["files"]):
            return "has a garbled manifest"
        for name, (_, digest, mtime_ns) in ManifestFields.of(manifest).files.items():
            if sha256_of(folder / name) != digest:
                return f"has other content in {name} than its manifest says"
            os.utime(folder / name, ns=(mtime_ns, mtime_ns))
    except FileNotFoundError as error:
        return f"lacks {Path(error.filename).name}"
    except (KeyError, TypeError, ValueError, AttributeError, OSError):
        return "has a garbled manifest"
    return None
