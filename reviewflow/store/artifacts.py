"""The artifact store: folders that are whole or not there.

    artifacts/store/<stage>/<key>/manifest.json   what it is, its files with size, digest and mtime
                                  …               the files
                   .making/                       folders in the making, one rename from being whole
                   .locks/                        one lock file a step, freed by the kernel

A manifest lists every data file. Folders that end in ``_docs`` are pages for people: they lie
beside the data and outside the digests.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviewflow.errors import StoreError
from reviewflow.store.files import sha256_of, write_whole
from reviewflow.store.hashing import digest_of

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Artifact:
    """One whole artifact: its folder and what its manifest says."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def digests(self) -> Mapping[str, str]:
        """Digests by output name: what a later step's key is made of."""
        digests: Mapping[str, str] = self.manifest["digests"]
        return digests

    @property
    def bytes(self) -> int:
        """Size of the data files in bytes."""
        return sum(entry["bytes"] for entry in self.manifest["files"].values())


@dataclass(frozen=True)
class Damage:
    """An artifact that is there and not whole, and why, in words."""

    folder: Path
    why: str


class Store:
    """Artifacts under one folder, shared by any number of runs at once.

    Parameters
    ----------
    folder : made when something is first written.
    verify : hash every file of an artifact that is found, instead of trusting size and mtime.
    """

    def __init__(self, folder: Path, verify: bool = False) -> None:
        self.folder = folder
        self.verify = verify
        self._fingerprints: dict[str, set[str]] = {}

    def path(self, stage: str, key: str) -> Path:
        """Where the artifact of a step lies, whether it is there or not."""
        return self.folder / stage / key

    def find(self, stage: str, key: str) -> Artifact | Damage | None:
        """The whole artifact, what is wrong with it, or None where there is none."""
        folder = self.path(stage, key)
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            own = manifest.pop("manifest_digest")
            whole = manifest["key"] == key and isinstance(manifest["digests"], dict)
            entries = {
                name: (int(entry["bytes"]), str(entry["sha256"]), int(entry["mtime_ns"]))
                for name, entry in manifest["files"].items()
            }
        except FileNotFoundError:
            return (
                Damage(folder, f"{stage}/{key[:8]}… has no manifest") if folder.exists() else None
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError):
            return Damage(folder, f"the manifest of {stage}/{key[:8]}… is garbled")
        if own != digest_of(manifest):
            return Damage(folder, f"the manifest of {stage}/{key[:8]}… is garbled")
        if not whole:
            return Damage(folder, f"the manifest of {stage}/{key[:8]}… is another step's")
        for name, entry in entries.items():
            why = _damage(folder / name, entry, self.verify)
            if why:
                return Damage(folder, f"{stage}/{key[:8]}…/{name} {why}")
        return Artifact(folder, manifest)

    def fingerprints(self, stage: str) -> set[str]:
        """Digests of the fingerprints of which the store holds an artifact of this stage."""
        if stage not in self._fingerprints:
            found = set()
            for path in (self.folder / stage).glob(f"*/{MANIFEST}"):
                try:
                    found.add(json.loads(path.read_text(encoding="utf-8"))["fingerprint"])
                except (ValueError, KeyError, TypeError, RecursionError, OSError):
                    continue
            self._fingerprints[stage] = found
        return self._fingerprints[stage]

    @contextmanager
    def lock(self, stage: str, key: str) -> Iterator[None]:
        """Hold the step alone; a second process or thread waits here for the first."""
        from filelock import FileLock  # not before a run: planning must stay quick

        locks = self.folder / ".locks"
        try:
            locks.mkdir(parents=True, exist_ok=True)
            with FileLock(locks / f"{stage}-{key}", thread_local=False, is_singleton=False):
                yield
        except PermissionError as error:
            raise StoreError(_unwritable(self.folder, error)) from None

    def make(
        self,
        stage: str,
        key: str,
        write: Callable[..., Mapping[str, Any]],
        facts: Mapping[str, Any],
        digests: Callable[[Path], Mapping[str, str]] | None = None,
    ) -> Artifact:
        """Write one artifact aside and give it its name in one rename; call it under the lock.

        Parameters
        ----------
        write : called as ``write(folder=…)``; fills the folder and returns figures (``rows``).
        facts : what the manifest says beside its files (fingerprint, inputs).
        digests : gives the outputs' digests where the files' bytes are not what counts.

        Raises
        ------
        StoreError : if the disk is full or the folder cannot be written.
        """
        final, making = self.path(stage, key), self.folder / ".making"
        folder = self._aside(f"{stage}-{key}-")
        try:
            started, cpu_started = time.perf_counter(), time.thread_time()
            figures = write(folder=folder)
            files = _described(folder)
            manifest = {
                "stage": stage,
                "key": key,
                "files": files,
                "digests": dict(digests(folder)) if digests else _sha256s(files),
                "seconds": round(time.perf_counter() - started, 4),
                "cpu_seconds": round(time.thread_time() - cpu_started, 4),
                "figures": dict(figures),
                **facts,
            }
            sealed = {**manifest, "manifest_digest": digest_of(json.loads(json.dumps(manifest)))}
            write_whole(folder / MANIFEST, json.dumps(sealed, indent=1, ensure_ascii=False))
            final.parent.mkdir(parents=True, exist_ok=True)
            known = Store(self.folder, verify=True).find(stage, key)
            if isinstance(known, Artifact) and known.digests == manifest["digests"]:
                return known  # made again with the same bytes: whoever reads it now reads on
            if final.exists():
                os.rename(final, making / f"{folder.name}-old")
            os.rename(folder, final)
            shutil.rmtree(making / f"{folder.name}-old", ignore_errors=True)
        except OSError as error:
            raise StoreError(_unwritable(self.folder, error)) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Artifact(final, manifest)

    def described_aside(self, write: Callable[..., Mapping[str, Any]]) -> dict[str, str]:
        """Digests of the files that ``write`` makes, in a folder that is gone afterwards."""
        folder = self._aside("aside-")
        try:
            write(folder=folder)
            return _sha256s(_described(folder))
        except OSError as error:
            raise StoreError(_unwritable(self.folder, error)) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _aside(self, prefix: str) -> Path:
        """An empty folder in the making; what a killed maker of the same left is removed."""
        making = self.folder / ".making"
        try:
            making.mkdir(parents=True, exist_ok=True)
            for left in making.glob(f"{prefix}*") if prefix != "aside-" else ():
                shutil.rmtree(left, ignore_errors=True)
            return Path(tempfile.mkdtemp(prefix=prefix, dir=making))
        except OSError as error:
            raise StoreError(_unwritable(self.folder, error)) from None


def _described(folder: Path) -> dict[str, dict[str, Any]]:
    """Size, digest and mtime of every data file, by path inside the folder."""
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(p.endswith("_docs") for p in path.relative_to(folder).parts)
    )
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


def _damage(path: Path, entry: tuple[int, str, int], verify: bool) -> str | None:
    """What is wrong with one file, in words; None where it is as the manifest says."""
    size, digest, mtime_ns = entry
    try:
        status = path.stat()
    except OSError:
        return "is missing"
    if status.st_size != size:
        return f"has {status.st_size:,} of {size:,} bytes"
    # another mtime alone is no damage (a restored copy): then the content decides
    if (verify or status.st_mtime_ns != mtime_ns) and sha256_of(path) != digest:
        return "has other content than its manifest says"
    return None


def _unwritable(folder: Path, error: OSError) -> str:
    if error.errno is None:  # raised by a library over content, not by the system over a file
        return (
            f"Something in the artifacts folder {folder} cannot be read ({error}); "
            "run with --verify, which makes what is damaged again."
        )
    return (
        f"The artifacts folder {folder} cannot be written ({os.strerror(error.errno)}); "
        "free space or choose another with --artifacts."
    )
