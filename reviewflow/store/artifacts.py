"""Keep artifacts in folders that are either complete or absent.

    artifacts/store/<stage>/<key>/manifest.json   what it is, its files with size, digest and mtime
                                  …               the files
                   .making/                       folders being filled, one rename from complete
                   .locks/                        one lock file a step, freed by the kernel

A manifest lists every data file. Folders whose name ends in ``_docs`` hold pages for people: they
are kept beside the data and count in no digest.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviewflow.store.files import sha256_of, write_atomically
from reviewflow.store.hashing import digest_of
from reviewflow.store.locks import step_lock
from reviewflow.store.manifest_cache import FileEntry, ManifestCache, ManifestFields, stamp_of
from reviewflow.store.os_errors import stage_errors, store_errors

MANIFEST = "manifest.json"
TEMPORARY = ".making"
ASIDE = "aside-"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A complete artifact: its folder, and what its manifest says.

    A run of many steps holds one for each, so it is small.

    Attributes
    ----------
    stage_folder : the folder of all artifacts of its stage.
    digests : by output name. A later step's key is made of them.
    figures : numbers that the stage returned, such as ``rows``.
    bytes : size of the data files.
    seconds, cpu_seconds : what it took to make it.
    """

    stage_folder: Path
    key: str
    digests: Mapping[str, str]
    figures: Mapping[str, Any]
    bytes: int
    seconds: float
    cpu_seconds: float

    @classmethod
    def from_manifest(cls, stage_folder: Path, manifest: Mapping[str, Any]) -> Artifact:
        """Return the artifact that has this manifest."""
        return cls.from_fields(stage_folder, ManifestFields.of(manifest))

    @classmethod
    def from_fields(cls, stage_folder: Path, fields: ManifestFields) -> Artifact:
        """Return the artifact whose manifest has these fields."""
        return cls(
            stage_folder,
            fields.key,
            fields.digests,
            fields.figures,
            sum(size for size, _, _ in fields.files.values()),
            fields.seconds,
            fields.cpu_seconds,
        )

    @property
    def folder(self) -> Path:
        """Where its files and its manifest are."""
        return self.stage_folder / self.key

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The whole manifest, read from its file."""
        content: dict[str, Any] = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        return content


@dataclass(frozen=True)
class Damage:
    """An artifact that exists and is not complete, and why, in words."""

    folder: Path
    why: str


class Store:
    """Find and write artifacts in one folder, shared by any number of runs.

    Parameters
    ----------
    folder : created when something is first written.
    verify : hash every file of an artifact that is found, instead of trusting size and mtime.
    manifests : remembers what manifests say. It is not asked where ``verify`` is true.

    Attributes
    ----------
    url : of the object storage behind the folder, None where there is none.
    transfers : whether artifacts are copied to and from it. A plan only asks.
    """

    url: str | None = None
    transfers = True

    def __init__(
        self, folder: Path, verify: bool = False, manifests: ManifestCache | None = None
    ) -> None:
        self.folder = folder
        self.verify = verify
        self.manifests = manifests
        self._fingerprints: dict[str, set[str]] = {}
        self._stage_folders: dict[str, Path] = {}

    def path(self, stage: str, key: str) -> Path:
        """Return the folder that a step's artifact has or would have."""
        return self.folder / stage / key

    def find(self, stage: str, key: str) -> Artifact | Damage | None:
        """Return a step's artifact, or its damage, or None if there is none."""
        stage_folder = self._stage_folders.get(stage)
        if stage_folder is None:
            stage_folder = self._stage_folders[stage] = self.folder / stage
        folder = f"{stage_folder}{os.sep}{key}"
        try:
            fields = self._fields(stage, key, f"{folder}{os.sep}{MANIFEST}")
        except FileNotFoundError:
            is_there = os.path.exists(folder)
            return Damage(Path(folder), f"{stage}/{key[:8]}… has no manifest") if is_there else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError):
            return Damage(Path(folder), f"the manifest of {stage}/{key[:8]}… is garbled")
        if fields.key != key:
            return Damage(Path(folder), f"the manifest of {stage}/{key[:8]}… is another step's")
        for name, entry in fields.files.items():
            why = _damage(f"{folder}{os.sep}{name}", entry, self.verify)
            if why:
                return Damage(Path(folder), f"{stage}/{key[:8]}…/{name} {why}")
        return Artifact.from_fields(stage_folder, fields)

    def keep_manifests(self) -> None:
        """Write down what was read of manifests, for the next plan or run."""
        if self.manifests is not None:
            self.manifests.keep()

    def _fields(self, stage: str, key: str, path: str) -> ManifestFields:
        """Return what counts of a manifest, from the cache where it has that.

        Raises
        ------
        OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError
            If the manifest is missing or incomplete.
        """
        cache, stamp = None if self.verify else self.manifests, stamp_of(path)
        known = None if cache is None else cache.find(stage, key, stamp)
        if known is not None:
            return known
        with open(path, encoding="utf-8") as file:
            fields = ManifestFields.of_sealed(json.load(file))
        if cache is not None:
            cache.add(stage, key, stamp, fields)
        return fields

    def find_new(self, stage: str, key: str) -> Artifact | Damage | None:
        """Return an artifact that another process has just made."""
        return Store(self.folder).find(stage, key)

    def provide(self, folders: Iterable[Path]) -> None:
        """Have artifacts in this folder. They are, where nothing else is shared."""

    def fingerprints(self, stage: str) -> set[str]:
        """Return the digests of the fingerprints that a stage has artifacts of."""
        if stage not in self._fingerprints:
            known = set()
            for path in (self.folder / stage).glob(f"*/{MANIFEST}"):
                try:
                    known.add(json.loads(path.read_text(encoding="utf-8"))["fingerprint"])
                except (ValueError, KeyError, TypeError, RecursionError, OSError):
                    continue
            self._fingerprints[stage] = known
        return self._fingerprints[stage]

    def lock(self, stage: str, key: str) -> AbstractContextManager[None]:
        """Hold a step's lock. A second process or thread waits for the first."""
        return step_lock(self.folder, stage, key)

    def make(
        self,
        stage: str,
        key: str,
        write: Callable[..., Mapping[str, Any]],
        facts: Mapping[str, Any],
        digests: Callable[[Path], Mapping[str, str]] | None = None,
    ) -> Artifact:
        """Write an artifact aside and give it its name in one rename.

        Call it under the step's lock.

        Parameters
        ----------
        write : called as ``write(folder=…)``; fills the folder and returns figures (``rows``).
        facts : what the manifest says beside its files (fingerprint, inputs).
        digests : gives the outputs' digests where the files' bytes are not what counts.

        Raises
        ------
        StoreError
            If the disk is full or the folder cannot be written. Any other error of ``write``
            passes as it is.
        """
        with self._temporary_folder(f"{stage}-{key}-") as folder:
            started, cpu_started = time.perf_counter(), time.thread_time()
            with stage_errors(self.folder):
                figures = write(folder=folder)
                outputs = None if digests is None else dict(digests(folder))
            with store_errors(self.folder):
                files = _file_entries(folder)
                manifest = {
                    "stage": stage,
                    "key": key,
                    "files": files,
                    "digests": _sha256s(files) if outputs is None else outputs,
                    "seconds": round(time.perf_counter() - started, 4),
                    "cpu_seconds": round(time.thread_time() - cpu_started, 4),
                    "figures": dict(figures),
                    **facts,
                }
                return self._publish(folder, manifest)

    def recompute_digests(self, write: Callable[..., Mapping[str, Any]]) -> dict[str, str]:
        """Return the digests of what ``write`` makes, and keep no file."""
        with self._temporary_folder(ASIDE) as folder:
            with stage_errors(self.folder):
                write(folder=folder)
            with store_errors(self.folder):
                return _sha256s(_file_entries(folder))

    def _publish(self, folder: Path, manifest: Mapping[str, Any]) -> Artifact:
        """Seal a filled folder and rename it to where its key says."""
        final = self.path(manifest["stage"], manifest["key"])
        sealed = {**manifest, "manifest_digest": digest_of(json.loads(json.dumps(manifest)))}
        write_atomically(folder / MANIFEST, json.dumps(sealed, indent=1, ensure_ascii=False))
        final.parent.mkdir(parents=True, exist_ok=True)
        known = Store(self.folder, verify=True).find(manifest["stage"], manifest["key"])
        if isinstance(known, Artifact) and known.digests == manifest["digests"]:
            return known  # the same bytes again: whoever reads that folder now can go on
        replaced = folder.with_name(f"{folder.name}-old")
        if final.exists():
            os.rename(final, replaced)
        os.rename(folder, final)
        shutil.rmtree(replaced, ignore_errors=True)
        return Artifact.from_manifest(final.parent, manifest)

    @contextmanager
    def _temporary_folder(self, prefix: str) -> Iterator[Path]:
        """Give an empty folder, and remove it unless it got another name.

        What a killed process left of the same step is removed as well.
        """
        parent = self.folder / TEMPORARY
        with store_errors(self.folder):
            parent.mkdir(parents=True, exist_ok=True)
            for left in parent.glob(f"{prefix}*") if prefix != ASIDE else ():
                shutil.rmtree(left, ignore_errors=True)
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def data_files(folder: Path) -> list[Path]:
    """Return an artifact's files, without its manifest and pages for people."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path != folder / MANIFEST
        and not any(part.endswith("_docs") for part in path.relative_to(folder).parts)
    )


def _file_entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size, digest and mtime of each data file, by path inside."""
    paths = data_files(folder)
    with ThreadPoolExecutor(2) as pool:
        digests = list(pool.map(sha256_of, paths))
    return {
        path.relative_to(folder).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": digest,
            "mtime_ns": path.stat().st_mtime_ns,
        }
        for path, digest in zip(paths, digests, strict=True)
    }


def _sha256s(files: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: entry["sha256"] for name, entry in files.items()}


def _damage(path: str, entry: FileEntry, verify: bool) -> str | None:
    """Return what is wrong with a file, in words, or None."""
    size, digest, mtime_ns = entry
    try:
        status = os.stat(path)
    except OSError:
        return "is missing"
    if status.st_size != size:
        return f"has {status.st_size:,} of {size:,} bytes"
    # another mtime alone is not damage (a restored copy has one), so the content decides
    try:
        same = (not verify and status.st_mtime_ns == mtime_ns) or sha256_of(Path(path)) == digest
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if same else "has other content than its manifest says"
